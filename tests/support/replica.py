"""A streaming replica of a test's PostgreSQL, and a primary that hangs."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.support.ports import free_port
from tests.support.postgresql import SERVER_USER, PostgresServer


class Replica(PostgresServer):
    """A hot standby that follows another server until it is promoted."""

    def __init__(self, primary: PostgresServer) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="postern-pg-"))
        self.directory.chmod(0o755)
        self.data = self.directory / "data"
        self.data.mkdir(mode=0o700)
        self.port = free_port()
        self.programs = primary.programs
        user = SERVER_USER if os.geteuid() == 0 else None
        if user is not None:
            subprocess.run(["chown", user, str(self.data)], check=True)
        subprocess.run(
            [
                str(self.programs / "pg_basebackup"),
                *("-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres"),
                *("-D", str(self.data), "-R", "-X", "stream", "--checkpoint=fast"),
            ],
            check=True,
            user=user,
            cwd="/",
        )

    def promote(self) -> None:
        self._pg_ctl("-w", "promote")


@contextmanager
def hanging(server: PostgresServer) -> Iterator[None]:
    """Stop every process of a server, so that it accepts connections and never responds."""
    postmaster = psutil.Process(server.postmaster_pid())
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)
