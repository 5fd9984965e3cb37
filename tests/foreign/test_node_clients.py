"""openid-client (certified) and oauth4webapi walk every flow against the running server."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.foreign.person import CALLBACK, Person, person_at
from tests.support.application import Application
from tests.support.server import Server
from tests.support.waiting import within

SECONDS = 90
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
TOKENS = ["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"]


async def walk(directory: Path, script: str, person: Person, *arguments: str) -> dict[str, Any]:
    """Runs a script to its end and does for it what a browser has to; gives what it said."""
    process = await asyncio.create_subprocess_exec(
        "node",
        script,
        *arguments,
        cwd=directory,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    said: dict[str, Any] = {}
    does = {"browser": person.browse, "logout": person.browse, "device": person.connect}
    async with within(SECONDS):
        async for line in process.stdout:
            message = json.loads(line)
            if message.get("done"):
                said["done"] = True
            elif "ask" in message:
                answer = await does[message["ask"]](message["value"])
                process.stdin.write(json.dumps(answer).encode() + b"\n")
                await process.stdin.drain()
            else:
                said[message["step"]] = message["value"]
        errors = (await process.stderr.read()).decode()
        await process.wait()
    assert said.get("done"), f"{said}\n{errors}"
    return said


async def test_openid_client_completes_every_flow(
    server: Server, app: Application, node_packages: Path
) -> None:
    async with person_at(server, app) as person:
        issuer = f"http://localhost:{server.port}"

        said = await walk(node_packages, "openid-client.mjs", person, issuer, CALLBACK)

    assert said == {
        "discovery and registration": 24,
        "code with PKCE": TOKENS,
        "userinfo": person.user.username,
        "refresh": "bearer",
        "introspection": True,
        "pushed authorization request": True,
        "device": True,
        "revocation": False,
        "logout": "bye",
        "done": True,
    }


async def test_oauth4webapi_completes_every_flow(
    server: Server, app: Application, node_packages: Path
) -> None:
    client = await app.create_client(
        grant_types=["authorization_code", "refresh_token", DEVICE],
        token_endpoint_auth_method="client_secret_post",
    )
    async with person_at(server, app) as person:
        issuer = f"http://localhost:{server.port}"
        credentials = (client.client_id, client.client_secret)

        said = await walk(node_packages, "oauth4webapi.mjs", person, issuer, CALLBACK, *credentials)

    assert said == {
        "discovery": True,
        "code with PKCE": TOKENS,
        "userinfo": person.user.username,
        "refresh": "bearer",
        "introspection": True,
        "pushed authorization request": True,
        "device": True,
        "revocation": False,
        "done": True,
    }
