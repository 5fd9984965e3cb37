"""A burst of guesses at two server processes that share their limits through Redis."""

import asyncio
import shutil
from collections import Counter
from itertools import cycle, islice
from pathlib import Path

import pytest

from tests.support.application import Application
from tests.support.redis import COMMAND, running_redis
from tests.support.server import application_of, running_server

pytestmark = [
    pytest.mark.timing,
    pytest.mark.skipif(shutil.which(COMMAND) is None, reason="needs a redis-server"),
]

LIMIT = 10


async def test_two_processes_allow_only_ten_of_sixty_concurrent_guesses(tmp_path: Path) -> None:
    """SECURITY_BAR rows 17 and 23; faults 9 and 18: also in the first burst after the start"""
    database = f"sqlite:///{tmp_path / 'postern.db'}"
    directories = [tmp_path / "first", tmp_path / "second"]
    for each in directories:
        each.mkdir()
    async with running_redis(tmp_path) as redis:
        variables = {
            "DATABASE_URL": database,
            "REDIS_URL": redis.url,
            "LOGIN_LIMIT": str(LIMIT),
            "LOGIN_LIMIT_ADDRESS": "100000",
            "LOG_LEVEL": "INFO",
        }
        async with (
            running_server(directories[0], **variables) as first,
            running_server(directories[1], **variables) as second,
            application_of(first) as one,
            application_of(second) as other,
        ):
            client, user = await one.create_client(), await one.enrolled_user()

            async def guess(server: Application) -> int:
                answer = await server.password_grant(client, user, password="a wrong one")
                return answer.status_code

            answers = await asyncio.gather(
                *(guess(server) for server in islice(cycle((one, other)), 60))
            )
            said = [(each / "server.err").read_text() for each in directories]

    assert Counter(answers) == {400: LIMIT, 429: 60 - LIMIT}
    assert not any("the shared rate limits are not available" in each for each in said)
