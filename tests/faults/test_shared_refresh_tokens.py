"""Five processes of an agent share one file with its tokens, and none is ever signed out."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.application import Application, TestClient
from tests.support.databases import Databases
from tests.support.server import application_of, running_server
from tests.support.visitor import answer_in, redeem, visiting
from tests.support.waiting import within

pytestmark = pytest.mark.slow

PROCESSES, ROUNDS = 5, 40


async def first_pair(app: Application, agent: TestClient) -> Any:
    user = await app.enrolled_user()
    async with visiting(app) as visitor:
        page = await visitor.authorize(agent, scope="profile offline_access")
        otp_page = await visitor.give_password(page, user)
        page = await visitor.submit(otp_page, code=app.code(user, steps=1))
        page = await visitor.allow(await visitor.follow(page))
    answer = await redeem(app, agent, answer_in(page)["code"])
    assert answer.status_code == 200, answer.text
    return answer.json()


class AgentProcess:
    """A process of the agent, which refreshes when it is told to."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def refresh(self) -> str:
        """Return what the process prints about one refresh."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"refresh\n")
        return (await self._process.stdout.readline()).decode().strip()


@asynccontextmanager
async def agent_processes(*arguments: str) -> AsyncIterator[list[AgentProcess]]:
    """Start the processes of the agent; they end when their input does."""
    command = (sys.executable, "-m", "tests.faults.agent_process", *arguments)
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
        for _ in range(PROCESSES)
    ]
    try:
        yield [AgentProcess(process) for process in processes]
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        await asyncio.gather(*(process.wait() for process in processes))


@pytest.mark.both_databases
async def test_five_processes_refresh_shared_tokens_without_a_refusal(
    databases: Databases, database_kind: str, tmp_path: Path
) -> None:
    """SECURITY_BAR row 9, as agents have it: two workers, 200 refreshes

    In each round, all processes refresh at once. None is further behind than two rounds: a token
    that was rotated more than 16 times since is refused.
    """
    url = await databases.migrated(database_kind)
    file = tmp_path / "tokens.json"
    async with (
        running_server(tmp_path, DATABASE_URL=url, WORKERS="2") as server,
        application_of(server) as app,
    ):
        agent = await app.create_client(
            token_endpoint_auth_method="none", grant_types=["authorization_code", "refresh_token"]
        )
        file.write_text(json.dumps(await first_pair(app, agent)))
        async with (
            agent_processes(server.url, agent.client_id, str(file)) as processes,
            within(120),
        ):
            printed = [
                await asyncio.gather(*(process.refresh() for process in processes))
                for _ in range(ROUNDS)
            ]
        stored = json.loads(file.read_text())
        profile = await app.profile(stored["access_token"])

    assert printed == [["200"] * PROCESSES] * ROUNDS
    assert profile.status_code == 200
