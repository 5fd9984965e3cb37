"""MCP servers with `postern-kit`, while the authorization server does not respond."""

import os
from pathlib import Path

import httpx
import pytest

from tests.deployment.files import ROOT
from tests.foreign.applications import running
from tests.support.machine import scaled
from tests.support.ports import free_port

pytestmark = pytest.mark.slow

TOKEN = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImsifQ.e30.c2lnbmF0dXJl"
"""A JWT with a key that nobody knows yet, so that the keys are fetched."""
PROGRAM = "import uvicorn, server; uvicorn.run({app}, port={port})"
SEVERAL_SOURCES = """
import os, uvicorn
from fastmcp import FastMCP
from fastmcp.server.auth.providers.jwt import StaticTokenVerifier
from postern_kit import ResourceServer
from postern_kit.fastmcp import PosternMultiAuth, PosternProvider

provider = PosternProvider(ResourceServer(os.environ["RESOURCE"], issuer=os.environ["ISSUER"]))
other = StaticTokenVerifier({{"known": {{"client_id": "other", "scopes": []}}}})
sources = dict({sources})
mcp = FastMCP("Notes", auth=PosternMultiAuth(**sources))
uvicorn.run(mcp.http_app(path="/mcp"), port={port})
"""
APPLICATIONS = {
    "mcp-server": "server.app",
    "fastmcp-server": "server.mcp.http_app(path='/mcp')",
}


@pytest.mark.parametrize(
    "sources",
    [
        "server=provider, verifiers=[other]",
        "verifiers={'other': other, 'postern': provider.token_verifier}, base_url='http://127.0.0.1'",
    ],
)
async def test_with_several_sources_only_tokens_that_none_accepts_get_503(
    tmp_path: Path, mcp_python: Path, sources: str
) -> None:
    port = free_port()
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "kit"),
        "ISSUER": f"http://localhost:{free_port()}",
        "RESOURCE": f"http://127.0.0.1:{port}/mcp",
    }
    program = SEVERAL_SOURCES.format(sources=sources, port=port)
    async with (
        running([str(mcp_python), "-c", program], tmp_path, port, variables),
        httpx.AsyncClient(timeout=scaled(30)) as http,
    ):
        responses = [
            await http.post(
                variables["RESOURCE"], json={}, headers={"Authorization": f"Bearer {token}"}
            )
            for token in (TOKEN, "known")
        ]

    assert responses[0].status_code == 503
    assert responses[0].headers["retry-after"] == "5"
    assert responses[1].status_code not in (401, 500, 503)


@pytest.mark.parametrize("example", APPLICATIONS)
async def test_a_request_gets_503_while_the_issuer_is_down(
    tmp_path: Path, mcp_python: Path, example: str
) -> None:
    port = free_port()
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(ROOT / "examples" / example), str(ROOT / "kit")]),
        "ISSUER": f"http://localhost:{free_port()}",
        "RESOURCE": f"http://127.0.0.1:{port}/mcp",
    }
    program = PROGRAM.format(app=APPLICATIONS[example], port=port)
    async with (
        running([str(mcp_python), "-c", program], tmp_path, port, variables),
        httpx.AsyncClient() as http,
    ):
        response = await http.post(
            variables["RESOURCE"],
            json={},
            headers={"Authorization": f"Bearer {TOKEN}"},
        )

    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.json() == {"error": "temporarily_unavailable"}
