"""Servers for the procedures: Postern, PostgreSQL with a standby, nginx."""

import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.databases import create_database, migrate_template
from tests.support.ports import free_port
from tests.support.postgresql import SERVER_USER, PostgresServer, with_database
from tests.support.server import Server, running_server
from tests.support.waiting import can_connect, eventually

LARGE_LIMITS = {
    "LOGIN_LIMIT": "100000",
    "LOGIN_LIMIT_ADDRESS": "100000",
    "CODE_LIMIT": "100000",
    "TOKEN_ERROR_LIMIT": "100000",
}
"""All load comes from one IP address and one user."""


@dataclass(frozen=True, slots=True)
class Place:
    """The working directory of a procedure, and the number of kills."""

    directory: Path
    kills: int

    def say(self, progress: str) -> None:
        """Print the progress of a procedure."""
        sys.stderr.write(f"  {progress}\n")

    def new_directory(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.directory))

    @asynccontextmanager
    async def database(self, kind: str) -> AsyncIterator[tuple[str, PostgresServer | None]]:
        """Yield the URL of a migrated database, and its own PostgreSQL server."""
        if kind == "sqlite":
            url = f"sqlite:///{self.new_directory() / 'postern.db'}"
            await asyncio.to_thread(migrate_template, url)
            yield url, None
            return
        server = PostgresServer()
        try:
            await asyncio.to_thread(server.start)
            url = await create_database(server.url)
            await asyncio.to_thread(migrate_template, url)
            yield url, server
        finally:
            await asyncio.to_thread(server.remove)

    @asynccontextmanager
    async def postern(self, url: str, **variables: str) -> AsyncIterator[Server]:
        """Run Postern with one process on SQLite, or two workers on PostgreSQL."""
        workers = "1" if url.startswith("sqlite") else "2"
        variables = {"DATABASE_URL": url, "WORKERS": workers, **LARGE_LIMITS, **variables}
        async with running_server(self.new_directory(), **variables) as server:
            yield server


class Standby(PostgresServer):
    """A streaming replica that has received everything the primary has acknowledged."""

    def __init__(self, primary: PostgresServer) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="postern-pg-"))
        shutil.chown(self.directory, SERVER_USER)
        self.directory.chmod(0o755)
        self.data = self.directory / "data"
        self.port = free_port()
        self.programs = primary.programs
        backup = ["-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres", "-D"]
        self._run("pg_basebackup", *backup, str(self.data), "-R", "-X", "stream", "-c", "fast")

    def follow(self, primary: PostgresServer) -> None:
        """Start, and make the primary wait for this standby at each commit."""
        self.start()
        for statement in ("ALTER SYSTEM SET synchronous_standby_names = '*'",
                          "SELECT pg_reload_conf()"):  # fmt: skip
            self._run("psql", "-q", "-d", primary.url, "-c", statement)

    def promote(self) -> None:
        """Become a primary that does not wait for a standby."""
        self._pg_ctl("-w", "promote")
        for statement in ("ALTER SYSTEM RESET synchronous_standby_names",
                          "SELECT pg_reload_conf()"):  # fmt: skip
            self._run("psql", "-q", "-d", self.url, "-c", statement)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.programs / program), *arguments],
            check=True,
            user=SERVER_USER,
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
        )


def several_hosts(url: str, servers: Sequence[PostgresServer]) -> str:
    """Return the URL of a database with the hosts of these servers."""
    name = url.rpartition("/")[2]
    hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers)
    return with_database(f"postgresql://postgres@{hosts}/postgres", name)


NGINX = """
daemon off; pid {directory}/nginx.pid; error_log {directory}/error.log; user root;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
  upstream postern {{ {upstreams} keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://postern; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host;
    }}
  }}
}}
"""


@asynccontextmanager
async def nginx(directory: Path, ports: Sequence[int]) -> AsyncIterator[int]:
    """Yield the port of an nginx that balances over these ports, with keep-alive connections."""
    port = free_port()
    upstreams = " ".join(f"server 127.0.0.1:{peer} max_fails=0;" for peer in ports)
    configuration = directory / "nginx.conf"
    configuration.write_text(NGINX.format(directory=directory, upstreams=upstreams, port=port))
    process = await asyncio.create_subprocess_exec("nginx", "-c", str(configuration))
    try:
        await eventually(lambda: can_connect(port))
        yield port
    finally:
        process.terminate()
        await process.wait()
