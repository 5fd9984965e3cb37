"""An operator sets a server up, finds out why a sign-in is refused, and builds the same again."""

import base64
import csv
import hashlib
import io
import json
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from tests.foreign.grafana import CALLBACK, Grafana
from tests.foreign.person import person_at
from tests.support.application import PASSWORD, Application, TestUser
from tests.support.ports import free_port
from tests.support.server import Server, application_of, run_postern, running_server
from tests.support.visitor import CHALLENGE
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow
OLD_URL = "http://localhost:3000"
NEW_URL = "http://localhost:4000/grafana"
USERS = 500
SALT = "saltsaltsalt12"


@dataclass(frozen=True)
class Operator:
    """The commands, on the server of a directory."""

    directory: Path
    server: Server
    app: Application
    variables: dict[str, str]

    async def command(
        self, *words: str, typed: str = "", code: int = 0, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        result = await run_postern(
            self.directory, *words, typed=typed, **self.variables, **variables
        )
        assert result.returncode == code, (words, result.stdout, result.stderr)
        return result

    async def shown(self, *words: str, typed: str = "") -> Any:
        return json.loads((await self.command(*words, "--json", typed=typed)).stdout)

    async def grafana(self, secret: str) -> Grafana:
        printed = await self.command("clients", "snippet", "grafana", "grafana")
        return Grafana(printed.stdout, secret)


@asynccontextmanager
async def operator_of(directory: Path) -> AsyncIterator[Operator]:
    """Start an empty server."""
    port = free_port()
    variables = {"PORT": str(port), "ISSUER": f"http://127.0.0.1:{port}"}
    async with running_server(directory, **variables) as server, application_of(server) as app:
        yield Operator(directory, server, app, variables)


def file_of_users() -> tuple[str, list[TestUser]]:
    """Return a CSV file, and its users: every tenth is an editor, the first an administrator."""
    digest = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT.encode(), 1000)
    password_hash = f"pbkdf2_sha256$1000${SALT}${base64.b64encode(digest).decode()}"
    users = [TestUser(f"user{n:03}", PASSWORD, pyotp.random_base32()) for n in range(USERS)]
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["username", "email", "email_verified", "password_hash", "otp_secret", "groups"])
    for number, user in enumerate(users):
        groups = "staff;editors" if number % 10 == 0 else "staff"
        groups = "staff;editors;operators" if number == 0 else groups
        email = f"{user.username}@example.com"
        rows.writerow([user.username, email, "true", password_hash, user.otp_secret, groups])
    return text.getvalue(), users


async def test_an_operator_sets_up_a_server_and_builds_it_again_from_a_file(tmp_path: Path) -> None:
    """From an empty server to an empty plan on another one, by the documented commands."""
    first_directory, second_directory = tmp_path / "first", tmp_path / "second"
    text, users = file_of_users()
    for directory in (first_directory, second_directory):
        directory.mkdir()
        (directory / "users.csv").write_text(text)

    async with operator_of(first_directory) as operator:
        secrets = await set_up(operator)
        await roles_reach_grafana(operator, secrets["grafana"], users)
        await grafana_moves(operator, secrets["grafana"])
        moved = await operator.grafana(secrets["grafana"])
        assert moved.root_url == f"{NEW_URL}/"
        async with person_at(operator.server, operator.app, users[30]) as person:
            assert (await moved.sign_in(person)).roles == ["Editor"] * 3
        exported = await operator.command("export")

    names = re.findall(r"^  (\S+)$", exported.stderr, re.MULTILINE)
    assert names == ["CLIENT_SECRET_GRAFANA", "CLIENT_SECRET_WIKI", "PROVIDER_SECRET_COMPANY"]
    assert not [secret for secret in secrets.values() if secret in exported.stdout]
    variables = dict(zip(names, secrets.values(), strict=True))
    (second_directory / "a.yaml").write_text(exported.stdout)

    async with operator_of(second_directory) as operator:
        await built_again(operator, variables)
        await operator.command("users", "import", "users.csv")
        await has_secret(operator, "wiki", secrets["wiki"])
        grafana = await operator.grafana(secrets["grafana"])
        async with person_at(operator.server, operator.app, users[40]) as person:
            signed_in = await grafana.sign_in(person)

    assert signed_in.roles == ["Editor"] * 3
    assert sorted(signed_in.id_token["groups"]) == ["editors", "staff"]


async def set_up(operator: Operator) -> dict[str, str]:
    """Create the administrator, groups, 500 users, two clients and an identity provider; return
    the secrets by the names of what they belong to."""
    admin = await operator.shown("admin", "create", "ada", "--stdin", typed=f"{PASSWORD}\n")
    assert admin["granted"] is True
    for group in ("staff", "editors", "operators"):
        await operator.command("groups", "create", group)
    await operator.command("users", "import", "users.csv", "--dry-run")
    await operator.command("users", "import", "users.csv")
    listed = await operator.shown("users", "list", "--group", "staff")
    assert len(listed) == USERS

    preset = ("--preset", "grafana", "--client-id", "grafana", "--url", OLD_URL)
    (grafana,) = await operator.shown("clients", "create", "Grafana", *preset)
    for role, group in (("Viewer", "staff"), ("Editor", "editors"), ("GrafanaAdmin", "operators")):
        await operator.command("roles", "grant", role, "--client", "grafana", "--group", group)
    redirect_uri = ("--redirect-uri", "https://wiki.example.com/callback")
    wiki = await operator.shown(
        "clients", "create", "Wiki", "--kind", "web", "--client-id", "wiki", *redirect_uri
    )
    provider = ("--issuer", "https://login.company.example", "--client-id", "us", "--stdin")
    await operator.command("providers", "add", "company", *provider, typed="a secret there\n")
    return {
        "grafana": grafana["client_secret"],
        "wiki": wiki["client_secret"],
        "company": "a secret there",
    }


async def roles_reach_grafana(operator: Operator, secret: str, users: list[TestUser]) -> None:
    grafana = await operator.grafana(secret)
    for user, role in ((users[0], "GrafanaAdmin"), (users[10], "Editor"), (users[11], "Viewer")):
        async with person_at(operator.server, operator.app, user) as person:
            assert (await grafana.sign_in(person)).roles == [role] * 3


async def grafana_moves(operator: Operator, secret: str) -> None:
    """Find out by the request ID why users can't sign in at the new URL, and follow the advice."""
    grafana = await operator.grafana(secret)
    query = {
        "response_type": "code",
        "client_id": "grafana",
        "redirect_uri": f"{NEW_URL}/{CALLBACK}",
        "scope": grafana.settings["scopes"],
        "state": "a-state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    page = await operator.app.http.get("/authorize", params=query)
    assert page.status_code == 400
    request_id = page.headers["x-request-id"]

    async def is_stored() -> bool:
        listed = await operator.shown("refusals", "list")
        return request_id in {row["request_id"] for row in listed}

    await eventually(is_stored)
    refusal = await operator.shown("refusals", "show", request_id)
    assert refusal["rule"] == "redirect_uri_not_registered"
    assert "postern clients set grafana --add-redirect-uri URI" in refusal["advice"]

    add = ("--add-redirect-uri", f"{NEW_URL}/{CALLBACK}")
    remove = ("--remove-redirect-uri", f"{OLD_URL}/{CALLBACK}")
    client = await operator.shown("clients", "set", "grafana", *add, *remove)
    assert client["redirect_uris"] == [f"{NEW_URL}/{CALLBACK}"]
    old = await operator.app.http.get(
        "/authorize", params={**query, "redirect_uri": f"{OLD_URL}/{CALLBACK}"}
    )
    assert old.status_code == 400


async def built_again(operator: Operator, variables: dict[str, str]) -> None:
    """Apply the exported file on the empty server, twice."""
    planned = await operator.command("plan", "a.yaml", "--detailed-exitcode", code=3, **variables)
    assert " to create, 0 to change, 0 to delete." in planned.stdout
    await operator.command("apply", "a.yaml", **variables)
    again = await operator.command("plan", "a.yaml", "--detailed-exitcode")
    events = await operator.shown("audit", "list")
    second = await operator.command("apply", "a.yaml", **variables)

    assert again.stdout == second.stdout == "No changes.\n"
    assert events
    assert await operator.shown("audit", "list") == events
    clients = await operator.shown("clients", "list")
    assert {each["client_id"] for each in clients} == {"grafana", "wiki"}
    (provider,) = await operator.shown("providers", "list")
    assert (provider["name"], provider["has_secret"]) == ("company", True)


async def has_secret(operator: Operator, client_id: str, secret: str) -> None:
    answer = await operator.app.http.post(
        "/introspect", data={"token": "unknown"}, auth=httpx.BasicAuth(client_id, secret)
    )
    assert (answer.status_code, answer.json()) == (200, {"active": False}), answer.text
