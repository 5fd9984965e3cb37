"""Five processes of an agent share one file with its tokens, and none is ever signed out."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.application import Application, TestClient
from tests.support.databases import Databases
from tests.support.machine import scaled
from tests.support.server import application_of, running_server
from tests.support.visitor import answer_in, redeem, visiting

pytestmark = pytest.mark.slow

PROCESSES, REFRESHES = 5, 200


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


async def process(*arguments: str) -> list[str]:
    """Run a process of the agent, and return the lines it prints."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.agent_process",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(started.communicate(), scaled(120))
    return output.decode().splitlines()


@pytest.mark.both_databases
async def test_five_processes_refresh_shared_tokens_without_a_refusal(
    databases: Databases, database_kind: str, tmp_path: Path
) -> None:
    """SECURITY_BAR row 9, as agents have it: two workers, 200 refreshes"""
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
        arguments = (server.url, agent.client_id, str(file), str(REFRESHES // PROCESSES))
        printed = await asyncio.gather(*(process(*arguments) for _ in range(PROCESSES)))
        stored = json.loads(file.read_text())
        profile = await app.profile(stored["access_token"])

    assert [line for lines in printed for line in lines] == ["200"] * REFRESHES
    assert profile.status_code == 200
