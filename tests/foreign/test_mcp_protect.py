"""The code that `postern mcp protect` prints, run as printed."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.foreign.applications import run_with_issuer, running
from tests.foreign.mcp_calls import HEADERS, INITIALIZE, call_tool
from tests.support.application import Application, TestClient
from tests.support.machine import scaled
from tests.support.mcp_servers import McpServers, Reply, running_mcp_servers
from tests.support.ports import free_port
from tests.support.server import Server, run_postern
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow
FRAMEWORKS = ("fastmcp", "mcp", "fastapi")
FORMATS = ("jwt", "opaque")


@dataclass(frozen=True)
class ProtectedServer:
    """An MCP server that is registered, and what was printed for it."""

    port: int
    row: dict[str, Any]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"


@pytest_asyncio.fixture(scope="module")
async def servers(server: Server, app: Application) -> dict[tuple[str, str], ProtectedServer]:
    """Register a server for each framework and format, and wait until tokens can be requested."""
    registered = {}
    for framework, token_format in product(FRAMEWORKS, FORMATS):
        port, name = free_port(), app.new_name("mcp")
        output = await run_with_issuer(
            server, "mcp", "protect", f"http://127.0.0.1:{port}/mcp", "--name", name,
            "--format", token_format, "--json",
            "--scope", "read=Read your reports", "--scope", "write=Change your reports",
        )  # fmt: skip
        registered[framework, token_format] = ProtectedServer(port, json.loads(output))
    client = await app.create_client(grant_types=["client_credentials"])

    async def is_known() -> bool:
        response = await request_token(app, client, registered[FRAMEWORKS[-1], FORMATS[-1]].url)
        return response.status_code == 200

    await eventually(is_known)  # a change holds within ten seconds
    return registered


async def request_token(
    app: Application, client: TestClient, url: str, scope: str = "read"
) -> httpx.Response:
    form = {"grant_type": "client_credentials", "resource": url, "scope": scope}
    return await app.http.post("/token", data=form, auth=client.auth)


async def status_of(url: str, token: str) -> tuple[int, str]:
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}
    headers = {**HEADERS, "Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(timeout=scaled(30)) as http:
        response = await http.post(url, json=body, headers=headers)
    return response.status_code, response.headers.get("www-authenticate", "")


@pytest.mark.parametrize("token_format", FORMATS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
async def test_the_printed_code_protects_a_server(
    servers: dict[tuple[str, str], ProtectedServer],
    app: Application,
    mcp_python: Path,
    tmp_path: Path,
    framework: str,
    token_format: str,
) -> None:
    protected = servers[framework, token_format]
    url, port = protected.url, protected.port
    other = next(each.url for each in servers.values() if each is not protected)
    client = await app.create_client(grant_types=["client_credentials"])
    token, narrow, of_another = [
        (await request_token(app, client, each, scope)).json()["access_token"]
        for each, scope in ((url, "read"), (url, "write"), (other, "read"))
    ]
    (tmp_path / "server.py").write_text(protected.row["code"][framework])
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PORT": str(port)}
    if token_format == "opaque":
        variables["POSTERN_CLIENT_SECRET"] = protected.row["client_secret"]

    async with running([str(mcp_python), "server.py"], tmp_path, port, variables):
        if framework == "fastapi":
            async with httpx.AsyncClient(timeout=scaled(30)) as http:
                bearer = {"Authorization": f"Bearer {token}"}
                subject = (await http.post(url, headers=bearer)).json()["sub"]
        else:
            subject = await call_tool(url, token, "whoami")
        refused = [await status_of(url, each) for each in (of_another, f"{token}x")]
        too_narrow = await status_of(url, narrow)
        checked = await run_postern(tmp_path, "mcp", "check", url, "--json")

    assert subject == client.client_id
    assert [status for status, _ in refused] == [401, 401]
    assert too_narrow[0] == 403
    assert "insufficient_scope" in too_narrow[1]
    report = json.loads(checked.stdout)
    problems = [each["problem"] for check in report["checks"] for each in check["findings"]]
    assert (checked.returncode, problems) == (0, [])


@pytest.fixture
def issuer() -> Iterator[McpServers]:
    """An issuer with a key of the test."""
    with running_mcp_servers() as running:
        yield running


def token_of(issuer: McpServers, url: str) -> tuple[str, Reply]:
    """Return a token by a clock that is ahead, and the keys to publish for it."""
    key = ECKey.generate_key("P-256", {"kid": "k", "alg": "ES256", "use": "sig"})
    now = int(time.time())
    claims = {
        "iss": issuer.issuer, "aud": url, "sub": "user", "client_id": "client", "scope": "read",
        "iat": now + 20, "exp": now + 600,
    }  # fmt: skip
    token = jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "k"}, claims, key)
    return token, Reply(body={"keys": [key.as_dict(private=False)]})


@pytest.mark.parametrize(("framework", "while_down"), [("fastapi", 503), ("mcp", 500)])
async def test_the_printed_code_tolerates_another_clock_and_blames_no_token_for_its_issuer(
    servers: dict[tuple[str, str], ProtectedServer],
    issuer: McpServers,
    mcp_python: Path,
    tmp_path: Path,
    framework: str,
    while_down: int,
) -> None:
    """A client that gets 401 deletes its tokens: no issuer that is down may cause that."""
    protected = servers[framework, "jwt"]
    code, url, port = protected.row["code"][framework], protected.url, protected.port
    own = next(line for line in code.splitlines() if line.startswith("ISSUER = "))
    (tmp_path / "server.py").write_text(code.replace(own, f'ISSUER = "{issuer.issuer}"'))
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PORT": str(port)}

    token, keys = token_of(issuer, url)
    issuer.replies["GET", "/jwks"] = Reply(503)

    async with running([str(mcp_python), "server.py"], tmp_path, port, variables):
        unverifiable, challenge = await status_of(url, token)
        issuer.replies["GET", "/jwks"] = keys
        accepted, _ = await status_of(url, token)

    assert (unverifiable, challenge, accepted) == (while_down, "", 200)
