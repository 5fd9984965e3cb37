"""Uvicorn's internals are those that `app/server/uvicorn_adapter` was written for.

Uvicorn may change them in any release. If a test here fails, compare the named part of Uvicorn with
the adapter, adapt that if necessary, and then the pin in pyproject.toml or the values below.
"""

import ast
import asyncio
import hashlib
import importlib.metadata
import inspect
import re
import socket
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from tests.support.raw_http import exchange
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "app" / "server"
PROTOCOL = SERVER / "uvicorn_adapter" / "protocol.py"

SIGNATURES: dict[Callable[..., Any], str] = {
    HttpToolsProtocol.__init__: "self config server_state app_state _loop",
    HttpToolsProtocol.connection_made: "self transport",
    HttpToolsProtocol.connection_lost: "self exc",
    HttpToolsProtocol.data_received: "self data",
    HttpToolsProtocol.on_message_begin: "self",
    HttpToolsProtocol.on_header: "self name value",
    HttpToolsProtocol.on_headers_complete: "self",
    HttpToolsProtocol.on_message_complete: "self",
    HttpToolsProtocol.on_response_complete: "self",
    HttpToolsProtocol.send_400_response: "self msg",
    HttpToolsProtocol._start_asgi_task: "self cycle app",
    uvicorn.Server.__init__: "self config",
    uvicorn.Server.run: "self sockets",
    uvicorn.Server.startup: "self sockets",
    uvicorn.Server.shutdown: "self sockets",
    uvicorn.Server.handle_exit: "self sig frame",
}
"""Methods that the adapter overrides or calls, with their parameters."""

REIMPLEMENTED: dict[Callable[..., Any], tuple[str, str]] = {
    HttpToolsProtocol.on_response_complete: ("protocol: on_response_complete", "64e254f28e389e76"),
    HttpToolsProtocol.send_400_response: ("protocol: send_400_response", "ae5a4a3782b646fd"),
    HttpToolsProtocol.shutdown: ("protocol: drain", "d7351fa33f00d430"),
    RequestResponseCycle.receive: ("protocol: _whole_body", "8124ae006be71184"),
    RequestResponseCycle.send: ("protocol: _send_whole", "abdd8601b326a8da"),
    uvicorn.Server._serve: ("server: startup, shutdown", "4575b7a50adfede8"),
    uvicorn.Server.shutdown: ("server: shutdown", "9b33c50562992b1e"),
    uvicorn.Server.handle_exit: ("server: handle_exit", "553276efa26e09ea"),
}
"""Code of Uvicorn that the adapter replaces, what replaces it, and the digest of its source."""


def test_uvicorn_is_pinned_to_the_installed_minor_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirement = next(each for each in project["dependencies"] if each.startswith("uvicorn"))
    installed = importlib.metadata.version("uvicorn")

    major, minor = map(int, installed.split(".")[:2])

    assert requirement == f"uvicorn>={major}.{minor},<{major}.{minor + 1}", (
        f"Uvicorn {installed} is installed, which the adapter was not written for"
    )


@pytest.mark.parametrize("method", SIGNATURES, ids=lambda method: method.__qualname__)
def test_a_method_that_the_adapter_overrides_or_calls_has_its_parameters(
    method: Callable[..., Any],
) -> None:
    assert list(inspect.signature(method).parameters) == SIGNATURES[method].split()


@pytest.mark.parametrize("replaced", REIMPLEMENTED, ids=lambda method: method.__qualname__)
def test_code_that_the_adapter_replaces_is_unchanged(replaced: Callable[..., Any]) -> None:
    replacement, digest = REIMPLEMENTED[replaced]

    source = inspect.getsource(replaced)

    assert hashlib.sha256(source.encode()).hexdigest()[:16] == digest, (
        f"Uvicorn changed {replaced.__qualname__}, which is replaced by {replacement}:\n{source}"
    )


class LiveUvicorn:
    """Objects of a bare Uvicorn in the middle of a request, by the names the adapter gives them."""

    def __init__(self) -> None:
        self.of_protocol: dict[str, object] = {}
        self.of_server: dict[str, object] = {}


@pytest_asyncio.fixture
async def live() -> AsyncIterator[LiveUvicorn]:
    objects = LiveUvicorn()

    async def application(_: Any, __: Any, send: Callable[..., Any]) -> None:
        protocol: Any = next(iter(server.server_state.connections))
        cycle = protocol.cycle
        objects.of_protocol = {
            "self": protocol,
            "self.flow": protocol.flow,
            "self.server_state": protocol.server_state,
            **dict.fromkeys(("self.cycle", "cycle", "previous"), cycle),
        }
        objects.of_server = {
            "self": server,
            "self.config": server.config,
            "self.lifespan": server.lifespan,
            "self.server_state": server.server_state,
        }
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
        )
    )
    running = asyncio.create_task(server.serve(sockets=[listener]))
    await eventually(lambda: server.started)
    request = b"GET / HTTP/1.1\r\nHost: postern.test\r\nConnection: close\r\n\r\n"
    answer = await exchange(listener.getsockname()[1], request)
    yield objects
    server.should_exit = True
    await running
    assert answer.status == 204


async def test_every_attribute_that_the_adapter_uses_exists(live: LiveUvicorn) -> None:
    of_server = SERVER / "uvicorn_adapter" / "server.py"

    assert missing(PROTOCOL.read_text(), live.of_protocol) == set()
    assert missing(of_server.read_text(), live.of_server) == set()


async def test_an_attribute_that_uvicorn_has_renamed_is_reported_by_name(
    live: LiveUvicorn,
) -> None:
    renamed = PROTOCOL.read_text().replace("cycle.more_body", "cycle.has_more")
    renamed = renamed.replace("self._start_asgi_task", "self._begin_asgi_task")

    assert missing(renamed, live.of_protocol) == {"cycle.has_more", "self._begin_asgi_task"}


async def test_the_limits_of_requests_use_nothing_of_uvicorn_but_the_loop_and_the_transport(
    live: LiveUvicorn,
) -> None:
    source = (SERVER / "http_protocol.py").read_text()
    adapter = PROTOCOL.read_text()

    used = {name for owner, name in attributes(source) if owner == "self"}
    of_uvicorn = {
        name
        for name in used - own_names(source) - own_names(adapter)
        if hasattr(live.of_protocol["self"], name)
    }

    assert of_uvicorn == {"loop", "transport"}


def missing(source: str, objects: dict[str, object]) -> set[str]:
    """Return the attributes that code uses of these objects and that they do not have."""
    own = own_names(source)
    return {
        f"{owner}.{name}"
        for owner, name in attributes(source)
        if owner in objects
        and not hasattr(objects[owner], name)
        and not (owner == "self" and name in own)
        and not (owner == "self.server_state" and name in own)
    }


def attributes(source: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node.value), node.attr


def own_names(source: str) -> set[str]:
    """Return the names that classes define themselves or assign to `self`."""
    names = set(re.findall(r"self\.(\w+)(?:: [^=]+)? =", source))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                    names.add(each.name)
                elif isinstance(each, ast.Assign | ast.AnnAssign):
                    targets = each.targets if isinstance(each, ast.Assign) else [each.target]
                    names.update(ast.unparse(target) for target in targets)
    return names
