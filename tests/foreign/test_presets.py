"""What presets and snippets print, run against the server as printed."""

import asyncio
import configparser
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import jmespath
import pytest
import pytest_asyncio
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.foreign.person import person_at
from tests.support.application import Application
from tests.support.machine import scaled
from tests.support.server import Server
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow
GRAFANA_URL = "http://localhost:3000"
Grafana = tuple[dict[str, Any], configparser.SectionProxy]
VERIFIER = "a-verifier-of-a-foreign-client-" + "x" * 30


async def clients(server: Server, *arguments: str) -> str:
    """Run a command with the issuer of the server, which chose its port itself."""
    metadata = httpx2.get(f"{server.url}/.well-known/openid-configuration").json()
    return await server.run("clients", *arguments, ISSUER=metadata["issuer"])


async def web_client(server: Server, redirect_uri: str) -> dict[str, Any]:
    output = await clients(
        server, "create", "An app", "--kind", "web", "--redirect-uri", redirect_uri, "--json"
    )
    row: dict[str, Any] = json.loads(output)
    return row


@pytest_asyncio.fixture(scope="module")
async def grafana(server: Server) -> Grafana:
    """The client of the preset, and the settings that its snippet prints."""
    output = await clients(
        server, "create", "Grafana", "--preset", "grafana", "--url", GRAFANA_URL, "--json"
    )
    (row,) = json.loads(output)
    ini = configparser.ConfigParser(interpolation=None)
    ini.read_string(await clients(server, "snippet", row["client_id"], "grafana"))
    return row, ini["auth.generic_oauth"]


@pytest.mark.parametrize(
    ("granted", "shown"),
    [
        (["Viewer", "GrafanaAdmin"], "GrafanaAdmin"),
        (["Viewer", "Editor"], "Editor"),
        ([], "None"),
    ],
)
async def test_grafana_gets_the_highest_role(
    server: Server, app: Application, grafana: Grafana, granted: list[str], shown: str
) -> None:
    row, settings = grafana
    async with (
        person_at(server, app) as person,
        AsyncOAuth2Client(
            settings["client_id"],
            row["client_secret"],
            scope=settings["scopes"],
            redirect_uri=f"{GRAFANA_URL}/login/generic_oauth",
            code_challenge_method="S256",
        ) as session,
    ):
        for role in granted:
            await server.run(
                "roles", "grant", role, "--client", row["client_id"],
                "--user", person.user.username,
            )  # fmt: skip
        url, state = session.create_authorization_url(settings["auth_url"], code_verifier=VERIFIER)
        token = await session.fetch_token(
            settings["token_url"],
            authorization_response=await person.browse(url),
            state=state,
            code_verifier=VERIFIER,
        )
        userinfo = (await session.get(settings["api_url"])).json()

    keys = KeySet.import_key_set(httpx2.get(f"{server.url}/jwks").json())
    id_token = jwt.decode(token["id_token"], keys).claims
    path = settings["role_attribute_path"]
    assert jmespath.search(path, id_token) == shown
    assert jmespath.search(path, userinfo) == shown
    assert id_token["groups"] == userinfo["groups"] == []
    assert id_token[settings["login_attribute_path"]] == person.user.username


async def test_the_curl_snippet_runs_as_printed(
    server: Server, app: Application, tmp_path: Path
) -> None:
    if shutil.which("curl") is None or shutil.which("openssl") is None:
        pytest.skip("curl or openssl is not installed")
    row = await web_client(server, GRAFANA_URL)
    script = tmp_path / "flow.sh"
    script.write_text(await clients(server, "snippet", row["client_id"], "curl"))
    process = await asyncio.create_subprocess_exec(
        "bash", str(script),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "CLIENT_SECRET": row["client_secret"]},
    )  # fmt: skip
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode() for _ in range(2)]

    async with person_at(server, app) as person:
        answer = await person.browse(lines[1].strip())
    output, errors = await process.communicate(f"{answer}\n".encode())

    assert process.returncode == 0, errors.decode()
    userinfo = json.loads(output.decode().splitlines()[-1])
    assert userinfo["preferred_username"] == person.user.username


async def test_the_fastapi_snippet_runs_as_printed(
    server: Server, app: Application, tmp_path: Path
) -> None:
    port = _free_port()
    row = await web_client(server, f"http://localhost:{port}/callback")
    (tmp_path / "main.py").write_text(await clients(server, "snippet", row["client_id"], "fastapi"))
    base = f"http://localhost:{port}"

    with _uvicorn(tmp_path, port, row["client_secret"]):
        async with (
            person_at(server, app) as person,
            httpx.AsyncClient(base_url=base, timeout=scaled(30)) as browser,
        ):
            await eventually(lambda: _listens(port))
            before = await browser.get("/me")
            login = await browser.get("/login")
            back = await person.browse(login.headers["location"])
            signed_in = await browser.get(back)
            me = await browser.get("/me")

    assert before.status_code == 401
    assert signed_in.headers["location"] == "/me"
    assert me.status_code == 200, me.text
    assert me.json()["sub"]


@contextmanager
def _uvicorn(directory: Path, port: int, secret: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port)],
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "CLIENT_SECRET": secret,
            "SESSION_SECRET": "s" * 32,
        },
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(scaled(30))


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
