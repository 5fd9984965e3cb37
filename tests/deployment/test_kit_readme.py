"""The code in the README of `postern-kit`, run as it is written."""

import re
from types import SimpleNamespace
from typing import Any

import httpx
from postern_kit import ResourceServer
from postern_kit.asgi import IssuerErrorMiddleware, TokenMiddleware
from starlette.applications import Starlette

from tests.deployment.files import text_of

BLOCKS = re.findall(r"^```python\n(.*?)^```$", text_of("kit/README.md"), re.MULTILINE | re.DOTALL)
RESOURCE = "https://reports.example.com"
METADATA = "/.well-known/oauth-protected-resource"


def run(word: str, **names: Any) -> dict[str, Any]:
    """Run the only block with a word, and return its names."""
    (block,) = [each for each in BLOCKS if word in each]
    exec(compile(block, "kit/README.md", "exec"), names)
    return names


async def responses_of(app: Any) -> tuple[httpx.Response, httpx.Response]:
    """Return the responses to a request without a token, and for the metadata."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=RESOURCE) as http:
        return await http.get("/reports"), await http.get(METADATA)


async def test_the_service_with_fastapi_is_protected() -> None:
    refused, metadata = await responses_of(run("FastAPI(")["app"])

    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == (
        f'Bearer scope="read", resource_metadata="{RESOURCE}{METADATA}"'
    )
    assert metadata.json()["resource"] == RESOURCE


async def test_the_middleware_protects_an_application() -> None:
    server = ResourceServer(RESOURCE, issuer="https://login.example.com")

    app = run("TokenMiddleware(", app=None, server=server)["app"]

    assert isinstance(app, TokenMiddleware)
    refused, _ = await responses_of(app)
    assert refused.status_code == 401


async def test_an_application_of_the_mcp_sdk_gets_the_middleware() -> None:
    """The SDK returns an application of Starlette."""
    server = ResourceServer(RESOURCE, issuer="https://login.example.com")
    mcp = SimpleNamespace(streamable_http_app=Starlette)

    app = run("IssuerErrorMiddleware", mcp=mcp, server=server)["app"]

    assert [each.cls for each in app.user_middleware] == [IssuerErrorMiddleware]


async def test_the_client_of_a_service_has_its_credentials() -> None:
    names = run("ClientCredentials(")

    async with names["http"] as http:
        assert isinstance(http, httpx.AsyncClient)
    assert names["credentials"].resource == RESOURCE


def test_every_block_is_complete() -> None:
    for block in BLOCKS:
        compile(block, "kit/README.md", "exec")

    assert len(BLOCKS) == 6
