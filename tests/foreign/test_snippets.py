"""The snippets for programs, run against the server as printed."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.foreign.applications import clients, running, web_client
from tests.foreign.person import person_at
from tests.support.application import Application, TestUser
from tests.support.machine import scaled
from tests.support.people import person_with
from tests.support.ports import free_port
from tests.support.server import Server
from tests.support.visitor import Form

pytestmark = pytest.mark.slow
LISTENER = "http://localhost:3000"
SESSION_SECRET = "s" * 32
POST = {"token_endpoint_auth_method": "client_secret_post"}
PARTS = re.compile(r"^# ---- Append to (\S+) ----\n", re.MULTILINE)
NEXT_CALLBACK = "/api/auth/callback"
DJANGO_CALLBACK = "/signed-in/callback"


@pytest.mark.parametrize("metadata", [{}, POST], ids=["basic", "post"])
async def test_the_curl_snippet_runs_as_printed(
    server: Server, app: Application, tmp_path: Path, metadata: dict[str, str]
) -> None:
    if shutil.which("curl") is None or shutil.which("openssl") is None:
        pytest.skip("curl or openssl is not installed")
    row = await web_client(server, LISTENER)
    await set_metadata(server, row, tmp_path, metadata)
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


@pytest.mark.parametrize("metadata", [{}, POST], ids=["basic", "post"])
async def test_the_fastapi_snippet_runs_as_printed(
    server: Server, app: Application, tmp_path: Path, metadata: dict[str, str]
) -> None:
    port = free_port()
    row = await web_client(server, f"http://localhost:{port}/callback")
    await set_metadata(server, row, tmp_path, metadata)
    (tmp_path / "main.py").write_text(await clients(server, "snippet", row["client_id"], "fastapi"))
    command = [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port)]

    async with (
        running(command, tmp_path, port, variables_for(row)),
        person_at(server, app) as person,
        browser_at(port) as browser,
    ):
        before = await browser.get("/me")
        login = await browser.get("/login")
        back = await person.browse(login.headers["location"])
        signed_in = await browser.get(back)
        me = await browser.get("/me")

    assert before.status_code == 401
    assert signed_in.headers["location"] == "/me"
    assert me.status_code == 200, me.text
    assert me.json() == {"sub": await subject_of(server, person.user)}


@pytest.mark.parametrize("metadata", [{}, POST], ids=["basic", "post"])
async def test_the_nextjs_snippet_runs_as_printed(
    server: Server,
    app: Application,
    node_packages: Path,
    tmp_path: Path,
    metadata: dict[str, str],
) -> None:
    port = free_port()
    row = await web_client(server, f"http://localhost:{port}{NEXT_CALLBACK}")
    await set_metadata(server, row, tmp_path, metadata)
    command = await next_application(server, row, node_packages, tmp_path, port)

    async with (
        running(command, tmp_path, port, variables_for(row)),
        person_at(server, app) as person,
        browser_at(port) as browser,
    ):
        before = await browser.get("/api/auth/me")
        login = await browser.get("/api/auth/login")
        back = await person.browse(login.headers["location"])
        signed_in = await browser.get(back)
        me = await browser.get("/api/auth/me")
        again = await browser.get(back)

    assert before.status_code == 401
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/api/auth/me")
    assert me.status_code == 200, me.text
    assert me.json() == {"sub": await subject_of(server, person.user)}
    assert again.status_code == 401, "the state of a sign-in is used once"


async def test_the_nextjs_snippet_refuses_answers_and_cookies_of_others(
    server: Server, app: Application, node_packages: Path, tmp_path: Path
) -> None:
    """RFC 9700 section 4.7.1: an answer is accepted in the browser that started the sign-in."""
    port = free_port()
    row = await web_client(server, f"http://localhost:{port}{NEXT_CALLBACK}")
    command = await next_application(server, row, node_packages, tmp_path, port)

    async with (
        running(command, tmp_path, port, variables_for(row)),
        person_at(server, app) as person,
        browser_at(port) as browser,
        browser_at(port) as victim,
    ):
        login = await browser.get("/api/auth/login")
        back = await person.browse(login.headers["location"])
        elsewhere = await victim.get(back)
        await victim.get("/api/auth/login")
        with_other_state = await victim.get(back)
        cookie = login.cookies["sign_in"]
        as_user = await victim.get("/api/auth/me", headers={"cookie": f"user={cookie}"})
        payload, _, signature = cookie.partition(".")
        changed = f"sign_in={payload}.{signature[::-1]}"
        with_changed_cookie = await victim.get(back, headers={"cookie": changed})
        other_path = await victim.get("/api/auth/other")

    refused = [elsewhere, with_other_state, as_user, with_changed_cookie]
    assert [each.status_code for each in refused] == [401] * 4
    assert "user" not in victim.cookies
    assert other_path.status_code == 404


@pytest.mark.parametrize("metadata", [{}, POST], ids=["basic", "post"])
async def test_the_django_snippet_runs_as_printed(
    server: Server,
    app: Application,
    django_python: Path,
    tmp_path: Path,
    metadata: dict[str, str],
) -> None:
    port = free_port()
    row = await web_client(server, f"http://localhost:{port}{DJANGO_CALLBACK}")
    await set_metadata(server, row, tmp_path, metadata)
    user = await person_with(app, email=f"{app.new_name()}@example.com")
    manage = [str(django_python), "manage.py"]
    run_in(tmp_path, row, [str(django_python), "-m", "django", "startproject", "site1", "."])
    printed = await clients(server, "snippet", row["client_id"], "django")
    _, *parts = PARTS.split(printed)
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        with (tmp_path / "site1" / name).open("a") as file:
            file.write(text)
    run_in(tmp_path, row, [*manage, "migrate", "--verbosity", "0"])
    command = [*manage, "runserver", "--noreload", f"localhost:{port}"]

    async with (
        running(command, tmp_path, port, variables_for(row)),
        person_at(server, app, user) as person,
        browser_at(port) as browser,
    ):
        before = await browser.get("/accounts/3rdparty/")
        page = await browser.get("/accounts/oidc/postern/login/")
        ((action, fields),) = [form for form in Form(page.text).forms if "login" not in form[0]]
        login = await browser.post(action or page.url.path, data=fields)
        back = await person.browse(login.headers["location"])
        signed_in = await browser.get(back)
        after = await browser.get("/accounts/3rdparty/")
    accounts = json.loads(run_in(tmp_path, row, [*manage, "shell", "-v", "0", "-c", ACCOUNTS]))

    assert before.headers["location"].startswith("/accounts/oidc/postern/login/")
    assert (signed_in.status_code, signed_in.headers["location"]) == (302, "/")
    assert after.status_code == 200, after.text
    subject = await subject_of(server, user)
    ((name, email, provider, uid),) = accounts
    assert (name, provider, uid) == (user.username, "postern", subject)
    assert email.endswith("@example.com")
    assert parts[::2] == ["settings.py", "urls.py"]


ACCOUNTS = """
import json
from allauth.socialaccount.models import SocialAccount
rows = SocialAccount.objects.values_list("user__username", "user__email", "provider", "uid")
print(json.dumps([list(row) for row in rows]))
"""


async def set_metadata(
    server: Server, row: dict[str, Any], directory: Path, metadata: dict[str, str]
) -> None:
    if metadata:
        file = directory / "metadata.json"
        file.write_text(json.dumps(metadata))
        await clients(server, "set", row["client_id"], "--json-file", str(file))


async def next_application(
    server: Server, row: dict[str, Any], node_packages: Path, directory: Path, port: int
) -> list[str]:
    """Save the snippet where it says, and return the command that serves it."""
    printed = await clients(server, "snippet", row["client_id"], "nextjs")
    (name,) = re.findall(r"Save this file as (\S+)\.", printed)
    assert name == "app/api/auth/[step]/route.js"
    file = directory / name
    file.parent.mkdir(parents=True)
    file.write_text(printed)
    (directory / "package.json").write_text('{"type": "module"}')
    (directory / "node_modules").symlink_to(node_packages / "node_modules")
    return ["node", str(node_packages / "route-server.mjs"), str(file), str(port)]


def variables_for(row: dict[str, Any]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "CLIENT_SECRET": row["client_secret"],
        "SESSION_SECRET": SESSION_SECRET,
    }


@asynccontextmanager
async def browser_at(port: int) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=f"http://localhost:{port}", timeout=scaled(30)
    ) as browser:
        yield browser


def run_in(directory: Path, row: dict[str, Any], command: list[str]) -> str:
    result = subprocess.run(
        command,
        cwd=directory,
        env=variables_for(row),
        capture_output=True,
        text=True,
        timeout=scaled(60),
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


async def subject_of(server: Server, user: TestUser) -> str:
    row = json.loads(await server.run("users", "show", user.username, "--json"))
    return str(row["user_id"])
