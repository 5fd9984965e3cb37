"""Uvicorn's server with a preparation before it listens and a graceful shutdown."""

import asyncio
import contextlib
import signal
import socket
import ssl
from collections.abc import Callable, Coroutine, Sequence
from types import FrameType
from typing import Any, NamedTuple, cast

import uvicorn
from uvicorn.server import ServerState

from app.observability.logging import logger
from app.server.draining import Connection, Draining
from app.server.listening import BACKLOG
from app.server.new_connections import refuse_new_connections
from app.server.uvicorn_adapter.protocol import UvicornProtocol

log = logger(__name__)

STOP_CHECK_SECONDS = 0.1
Beside = Callable[["Server"], Coroutine[Any, Any, None]]


class Listener(NamedTuple):
    """A socket that is served with a protocol and a TLS context of its own."""

    socket: socket.socket
    protocol: type[UvicornProtocol]
    tls: ssl.SSLContext


class State(ServerState):
    """State that the connections of a server share."""

    is_draining = False


class Server(uvicorn.Server):
    """Uvicorn's server with a preparation and a graceful shutdown.

    `prepare` runs before the socket listens; `is_ready` is called once it does. `beside` runs as
    long as the server. `extra_listeners` have a protocol and a TLS context of their own.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        prepare: Callable[[], Coroutine[Any, Any, None]],
        is_ready: Callable[[], None],
        beside: Beside | None = None,
        extra_listeners: Sequence[Listener] = (),
    ) -> None:
        super().__init__(config)
        self._extra_listeners = extra_listeners
        self.server_state: State = State()
        self._beside = beside
        self._companion: asyncio.Task[None] | None = None
        self._prepare = prepare
        self._is_ready = is_ready
        self._interrupts = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Prepare, listen, and call `is_ready`; a signal cancels the preparation."""
        if self._beside is not None:
            self._companion = asyncio.create_task(self._beside(self))
        preparation = asyncio.create_task(self._prepare())
        while not preparation.done():
            await asyncio.wait([preparation], timeout=STOP_CHECK_SECONDS)
            if self.should_exit:
                preparation.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await preparation
                return
        await preparation
        for listener in self._all(sockets):
            listener.listen(BACKLOG)
        await super().startup(sockets)
        for extra in self._extra_listeners:
            await self._accept_on(extra)
        if self.started:
            self._is_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Respond to accepted requests, then close.

        After a Ctrl+C, idle connections are closed at once. A single-process server refuses new
        connections; workers share their queue with others.
        """
        listeners = self._all(sockets)
        log.info("stopping: finishing the accepted requests")
        self.server_state.is_draining = True
        connections = cast("set[Connection]", self.server_state.connections)
        for connection in connections:
            connection.drain()
        draining = Draining(
            connections,
            self.server_state.tasks,
            seconds=self.config.timeout_graceful_shutdown or 0,
            is_forced=lambda: self.force_exit,
        )
        if self._beside is None:
            for listener in listeners:
                refuse_new_connections(listener)
        await draining.empty_queue(listeners)
        for server in self.servers:
            server.close()
        for listener in listeners:
            listener.close()
        await draining.finish(spares_idle=not self._interrupts)
        if not self.force_exit:
            await self.lifespan.shutdown()

    def _all(self, sockets: list[socket.socket] | None) -> list[socket.socket]:
        return [*(sockets or ()), *(extra.socket for extra in self._extra_listeners)]

    async def _accept_on(self, listener: Listener) -> None:
        """Accept connections as Uvicorn does, with the protocol and the TLS of the listener."""

        def create_protocol() -> asyncio.Protocol:
            return listener.protocol(
                config=self.config,
                server_state=self.server_state,
                app_state=self.lifespan.state,
            )

        server = await asyncio.get_running_loop().create_server(
            create_protocol, sock=listener.socket, ssl=listener.tls, backlog=self.config.backlog
        )
        self.servers.append(server)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Do what Uvicorn does, but abort requests only on the second Ctrl+C."""
        self._captured_signals.append(sig)
        self._interrupts += sig == signal.SIGINT
        self.force_exit = self.force_exit or self._interrupts > 1
        self.should_exit = True
