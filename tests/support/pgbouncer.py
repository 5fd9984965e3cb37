"""PgBouncer in front of the tests' PostgreSQL, in either of its modes."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests.support.ports import free_port
from tests.support.postgresql import SERVER_USER
from tests.support.waiting import eventually

COMMAND = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""
POOLS = {"session": 40, "transaction": 2}
"""Connections to PostgreSQL; in transaction mode they are fewer than the server's and shared."""


class PgBouncer:
    def __init__(self, url: str, *, mode: str) -> None:
        self._upstream = urlsplit(url)
        self._directory = Path(tempfile.mkdtemp(prefix="postern-pgbouncer-"))
        self._directory.chmod(0o755)  # PgBouncer runs as another user if the tests run as root
        self._port = free_port()
        self._process = self._launch(mode)

    @property
    def url(self) -> str:
        netloc = f"{self._upstream.username}@127.0.0.1:{self._port}"
        return urlunsplit((self._upstream.scheme, netloc, self._upstream.path, "", ""))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    async def answers(self) -> bool:
        assert self._process.poll() is None, (self._directory / "log").read_text()
        try:
            connection = await asyncpg.connect(self.url, statement_cache_size=0, timeout=5)
        except (OSError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    def _launch(self, mode: str) -> "subprocess.Popen[bytes]":
        users, config = self._directory / "users.txt", self._directory / "pgbouncer.ini"
        users.write_text(f'"{self._upstream.username}" "{self._upstream.password or ""}"\n')
        config.write_text(
            "[databases]\n"
            f"* = host={self._upstream.hostname} port={self._upstream.port}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self._port}\nunix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {users}\n"
            f"pool_mode = {mode}\ndefault_pool_size = {POOLS[mode]}\nmax_client_conn = 200\n"
        )
        as_user = ["-u", SERVER_USER] if os.geteuid() == 0 else []
        with (self._directory / "log").open("ab") as output:
            return subprocess.Popen([COMMAND, *as_user, str(config)], stdout=output, stderr=output)


@asynccontextmanager
async def running_pgbouncer(url: str, *, mode: str) -> AsyncIterator[str]:
    """Yield a URL that reaches `url` through PgBouncer."""
    pooler = PgBouncer(url, mode=mode)
    try:
        await eventually(pooler.answers)
        yield pooler.url
    finally:
        pooler.stop()
