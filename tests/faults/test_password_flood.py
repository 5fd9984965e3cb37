"""Fault 17: a flood of sign-ins starves nobody else."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.support.server import application_of, running_server

pytestmark = pytest.mark.timing

FLOOD = 200
LOGIN_LIMIT = 10
FIRST_DELAY_SECONDS = 60 / LOGIN_LIMIT
"""After each, a flood on a slow machine has one more turn."""


async def test_clients_get_tokens_during_two_hundred_concurrent_sign_ins(
    tmp_path: Path,
) -> None:
    """SECURITY_BAR fault 17: what is too much is told to come back, and memory stays bounded"""
    hashing = {"ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME_COST": "2", "PASSWORD_QUEUE": "40"}
    limits = {"LOGIN_LIMIT_ADDRESS": "100000"}
    async with (
        running_server(tmp_path, **hashing, **limits) as server,
        application_of(server) as app,
    ):
        client, user = await app.create_client(), await app.enrolled_user()
        await app.password_grant(client, user)
        before = server.memory()
        started = time.monotonic()
        flood = [
            asyncio.create_task(app.password_grant(client, user, password="a wrong password"))
            for _ in range(FLOOD)
        ]
        tokens = []
        while not all(each.done() for each in flood):
            tokens.append(await app.client_credentials(client))
        answers = await asyncio.gather(*flood)
        turns = int((time.monotonic() - started) / FIRST_DELAY_SECONDS)

        assert {each.status_code for each in tokens} == {200}
        assert {each.status_code for each in answers} <= {400, 429, 503}
        assert sum(each.status_code == 400 for each in answers) <= LOGIN_LIMIT + turns
        assert all("retry-after" in each.headers for each in answers if each.status_code != 400)
        assert server.memory() - before < 60 * 1024 * 1024
