"""MCP servers with `postern-kit`, while the authorization server does not respond."""

import os
from pathlib import Path

import httpx
import pytest

from tests.deployment.files import ROOT
from tests.foreign.applications import running
from tests.support.ports import free_port

pytestmark = pytest.mark.slow

TOKEN = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImsifQ.e30.c2lnbmF0dXJl"
"""A JWT with a key that nobody knows yet, so that the keys are fetched."""
PROGRAM = "import uvicorn, server; uvicorn.run({app}, port={port})"
APPLICATIONS = {
    "mcp-server": "server.app",
    "fastmcp-server": "server.mcp.http_app(path='/mcp')",
}


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
