"""Calls of tools of an MCP server over streamable HTTP, with a token of ours."""

import json
from typing import Any

import httpx

from tests.support.machine import scaled

HEADERS = {"Accept": "application/json, text/event-stream"}
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "tests", "version": "1"},
}


async def call_tool(url: str, token: str, name: str, **arguments: Any) -> Any:
    """Return the text that a tool returns."""
    headers = {**HEADERS, "Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(headers=headers, timeout=scaled(30)) as http:
        started = await _post(http, url, "initialize", INITIALIZE)
        session = started.headers.get("mcp-session-id")
        if session is not None:
            http.headers["mcp-session-id"] = session
        notification = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        await http.post(url, json=notification)
        answer = await _post(http, url, "tools/call", {"name": name, "arguments": arguments})
    result = _message(answer)["result"]
    assert not result.get("isError"), result
    return result["content"][0]["text"]


async def _post(
    http: httpx.AsyncClient, url: str, method: str, parameters: dict[str, Any]
) -> httpx.Response:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    response = await http.post(url, json=body)
    assert response.status_code == 200, response.text
    return response


def _message(response: httpx.Response) -> Any:
    if response.headers["content-type"].startswith("application/json"):
        return response.json()
    lines = [line for line in response.text.splitlines() if line.startswith("data:")]
    return json.loads(lines[-1].removeprefix("data:"))
