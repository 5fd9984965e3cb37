"""A Redis server for one test, which can be killed, stopped and started again."""

import contextlib
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.support.ports import free_port
from tests.support.waiting import eventually

COMMAND = "redis-server"
PASSWORD = "the-password-of-redis"


class RedisServer:
    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self._port}/0"

    async def start(self) -> None:
        self._process = self._launch()
        await eventually(self._answers)

    def _launch(self) -> "subprocess.Popen[bytes]":
        options = {
            "--port": str(self._port),
            "--bind": "127.0.0.1",
            "--dir": str(self._directory),
            "--requirepass": PASSWORD,
            "--save": "",
        }
        with (self._directory / "redis.log").open("ab") as output:
            return subprocess.Popen(
                [COMMAND, *(word for option in options.items() for word in option)],
                stdout=output,
                stderr=output,
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stall(self) -> None:
        """Stop responding while connections stay open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Redis]:
        async with Redis.from_url(self.url, decode_responses=True) as client:
            yield client

    async def end_blocks(self) -> None:
        """Expire every delay."""
        async with self.client() as client:
            async for key in client.scan_iter("*"):
                await client.hset(key, "b", "0")

    async def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None
        with contextlib.suppress(RedisError):
            async with self.client() as client:
                return bool(await client.ping())
        return False


@asynccontextmanager
async def running_redis(directory: Path) -> AsyncIterator[RedisServer]:
    server = RedisServer(directory)
    await server.start()
    try:
        yield server
    finally:
        server.kill()
