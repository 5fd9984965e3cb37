"""The Model Context Protocol's own conformance runner, against the running server."""

import json
import shutil
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.foreign.agents import protect
from tests.foreign.applications import clients
from tests.foreign.browsing import browsing
from tests.foreign.conformance import install, run_authorization_scenarios
from tests.support.application import Application
from tests.support.ports import free_port
from tests.support.server import Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm"),
]
RESOURCE = "https://mcp.example.com/mcp"
SCENARIOS = {
    "authorization-server-metadata": "SUCCESS",
    "authorization-server-metadata-cimd": "SUCCESS",
    "authorization-code-grant": "SUCCESS",
}


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("conformance")
    install(directory)
    return directory


async def test_every_check_of_an_authorization_server_succeeds(
    browser: Browser, server: Server, app: Application, runner: Path, tmp_path: Path
) -> None:
    """MCP 2026-07-28, authorization; RFC 8414 section 3, RFC 8707 section 2, RFC 9207"""
    port = free_port()
    created = await clients(
        server, "create", "Conformance runner", "--kind", "native", "--json",
        "--redirect-uri", f"http://127.0.0.1:{port}/callback",
    )  # fmt: skip
    await protect(server, app, RESOURCE, name="reports", scopes={"read": "Read your reports"})

    async with browsing(browser, server, app) as person:
        checks, output = await run_authorization_scenarios(
            runner, tmp_path / "results", person.open,
            url=f"http://localhost:{server.port}",
            client_id=json.loads(created)["client_id"],
            resource=RESOURCE,
            port=str(port),
            spec_version="2026-07-28",
        )  # fmt: skip

    assert {name: check["status"] for name, check in checks.items()} == SCENARIOS, output
    assert output.endswith("exit code 0"), output
    asked = checks["authorization-code-grant"]["details"]["authorizationRequest"]
    assert "resource=https%3A%2F%2Fmcp.example.com%2Fmcp" in asked
    assert "Read your reports" in person.consents[0]
