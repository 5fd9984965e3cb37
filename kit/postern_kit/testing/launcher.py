"""Start an installed Postern with a clock that tests move. Run as a program, not imported.

The released server has no endpoint and no setting that moves time: the clock is an argument of the
application, and this program passes its own. It gets commands as lines of JSON over a socket that
it inherits, and it ends when the socket is closed.
"""

import asyncio
import json
import socket
import sys
from datetime import datetime, timedelta, timezone
from typing import Any

import postern_server

postern_server.use_own_packages()

import uvicorn  # noqa: E402 - Postern's own packages come first
from app.clock import Clock  # noqa: E402
from app.main import application_of  # noqa: E402
from app.observability.logging import configure_logging  # noqa: E402
from app.schemas.resources import ResourceBody  # noqa: E402
from app.services.operations.authority import FULL  # noqa: E402
from app.settings import load_settings  # noqa: E402
from app.wiring import Services, build_services  # noqa: E402

LINE_BYTES = 1_048_576


class MovableClock(Clock):
    """The time of the machine and what it was moved by."""

    def __init__(self) -> None:
        self._moved = timedelta()

    def now(self) -> datetime:
        return datetime.now(timezone.utc) + self._moved

    def advance(self, seconds: float) -> None:
        self._moved += timedelta(seconds=seconds)


async def execute(command: Any, clock: MovableClock, services: Services) -> dict[str, Any]:
    """Execute a command and return the answer."""
    if command["do"] == "advance":
        clock.advance(command["seconds"])
    elif command["do"] == "create_resource":
        body = ResourceBody.model_validate(command["body"])
        await services.oauth.resources.create(body, authority=FULL)
    else:
        raise ValueError(f"unknown command {command['do']!r}")
    return {"now": clock.now().timestamp()}


async def obey(
    control: socket.socket, clock: MovableClock, services: Services, server: uvicorn.Server
) -> None:
    """Execute commands until the tests close the socket; then stop the server."""
    reader, writer = await asyncio.open_connection(sock=control, limit=LINE_BYTES)
    while not server.started and not server.should_exit:  # noqa: ASYNC110 - it has no event
        await asyncio.sleep(0.02)
    answer: dict[str, Any] = {"now": clock.now().timestamp()}
    try:
        while True:
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
            line = await reader.readline()
            if not line:
                break
            try:
                answer = await execute(json.loads(line), clock, services)
            except Exception as error:  # noqa: BLE001 - the tests get it
                answer = {"error": f"{type(error).__name__}: {error}"}
    except ConnectionError:
        pass
    finally:
        server.should_exit = True
        writer.close()


async def main(control: socket.socket, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    settings = load_settings(
        unset_environment="development",
        host="127.0.0.1",
        port=port,
        issuer=f"http://localhost:{port}",
    )
    configure_logging(log_format=settings.log_format, level=settings.log_level)
    clock = MovableClock()
    services = build_services(settings, clock)
    application = application_of(services, waits_for_database=False)
    config = uvicorn.Config(application, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    obeying = asyncio.create_task(obey(control, clock, services, server))
    try:
        await server.serve([listener])
    finally:
        server.should_exit = True
        await obeying


if __name__ == "__main__":
    control_number, listener_number = map(int, sys.argv[1:])
    asyncio.run(main(socket.socket(fileno=control_number), socket.socket(fileno=listener_number)))
