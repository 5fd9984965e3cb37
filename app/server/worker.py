"""A worker: a process that serves on its supervisor's socket and reports that it is alive."""

import asyncio
import contextlib
import signal
import socket
import sys
from typing import TYPE_CHECKING

from app.observability.logging import configure_process_logging, logger, server_output
from app.server.refusals import EXIT_CANNOT_START, lines_for, print_refusal
from app.server.slots import Kind
from app.server.workers import READY, SIGN_OF_LIFE
from app.settings import Settings, load_settings

if TYPE_CHECKING:
    from app.server.uvicorn_adapter.server import Server

log = logger("app.server.worker")

SIGN_SECONDS = 1.0


class Channel:
    """The worker's end of the channel to its supervisor."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._line.setblocking(False)
        self._signs: asyncio.Task[None] | None = None

    def say_ready(self) -> None:
        """Report that the worker listens.

        From now on, send a sign of life each second while the event loop runs.
        """
        self._send(READY)
        self._signs = asyncio.get_running_loop().create_task(self._give_signs())

    async def wait_for_its_end(self, server: "Server") -> None:
        """Stop the server when the supervisor has exited, instead of holding the port."""
        with contextlib.suppress(ConnectionError):
            while await asyncio.get_running_loop().sock_recv(self._line, 64):
                pass  # the supervisor sends nothing
        log.warning("the supervisor has exited: stopping this worker")
        server.should_exit = True

    async def _give_signs(self) -> None:
        while True:
            await asyncio.sleep(SIGN_SECONDS)
            self._send(SIGN_OF_LIFE)

    def _send(self, word: bytes) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            self._line.send(word)


def main(arguments: list[str]) -> int:
    """Serve and return the exit code: 2 if the start is refused, with a one-line error."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback until the server sets its handler
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the supervisor handles it
    listener, line, kind, *mtls_descriptor = arguments
    settings: Settings | None = None
    try:
        settings = load_settings()
        log_format = settings.log_format
        configure_process_logging(
            log_format=log_format,
            level=settings.log_level,
            output=server_output(log_format=log_format),
        )
        _serve(
            settings,
            socket.socket(fileno=int(listener)),
            socket.socket(fileno=int(mtls_descriptor[0])) if mtls_descriptor else None,
            Channel(socket.socket(fileno=int(line))),
            Kind(kind),
        )
    except Exception as error:
        lines = lines_for(error)
        if lines is None:
            raise
        print_refusal(lines, as_json=settings is not None and settings.log_format == "json")
        return EXIT_CANNOT_START
    return 0


def _serve(
    settings: Settings,
    listener: socket.socket,
    mtls_listener: socket.socket | None,
    channel: Channel,
    kind: Kind,
) -> None:
    from app.server.banner import print_banner
    from app.server.processes import serve  # late import: the settings are validated first

    def is_ready() -> None:
        channel.say_ready()
        if kind is Kind.FIRST:
            print_banner(settings)

    serve(
        settings,
        listener,
        mtls_listener,
        waits_for_database=kind is Kind.FURTHER,
        is_ready=is_ready,
        beside=channel.wait_for_its_end,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
