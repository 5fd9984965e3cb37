"""A client that openapi-python-client generates from the description of the admin API.

The generator runs in an environment of its own, which uv makes: it needs an older Typer than
the command line has.
"""

import importlib
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.admin_api import ADMIN_TOKEN, PREFIX
from tests.support.fuzzing import make_description
from tests.support.machine import scaled
from tests.support.server import Server, running_server

pytestmark = pytest.mark.slow

GENERATOR = "openapi-python-client==0.29.1"
PACKAGE = "generated_admin_client"
CALLBACK = "https://app.example.com/callback"


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    async with running_server(directory, ADMIN_TOKEN=ADMIN_TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def generation(
    server: Server, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Where the client was generated, and what the generator said."""
    directory = tmp_path_factory.mktemp("generated")
    url = f"{server.url}{PREFIX}/openapi.json"
    make_description(url)
    command = [
        *(sys.executable, "-m", "uv", "tool", "run", "--quiet", "--from", GENERATOR),
        *("openapi-python-client", "generate", "--fail-on-warning", "--meta", "none"),
        *("--url", url),
        *("--output-path", str(directory / PACKAGE)),
    ]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=scaled(120)
    )
    return directory, result


class Generated:
    """The generated client: `call` sends the request of an operation."""

    def __init__(self, url: str) -> None:
        client: Any = importlib.import_module(f"{PACKAGE}.client")
        self.models: Any = importlib.import_module(f"{PACKAGE}.models")
        self.connection = client.AuthenticatedClient(base_url=url, token=ADMIN_TOKEN)

    async def call(self, operation: str, *ids: str, **options: Any) -> Any:
        module: Any = importlib.import_module(f"{PACKAGE}.api.{operation}")
        return await module.asyncio_detailed(*ids, client=self.connection, **options)


@pytest_asyncio.fixture
async def client(
    server: Server,
    generation: tuple[Path, subprocess.CompletedProcess[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Generated]:
    directory, result = generation
    assert result.returncode == 0, result.stdout + result.stderr
    monkeypatch.syspath_prepend(str(directory))
    generated = Generated(server.url)
    async with generated.connection:
        yield generated


def test_the_client_is_generated_without_a_warning(
    generation: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, result = generation
    output = result.stdout + result.stderr

    assert result.returncode == 0, output
    assert "warning" not in output.lower()


def test_every_generated_module_can_be_imported(
    client: Generated, generation: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    """The generator omits an import where an operation has several media types"""
    directory, _ = generation
    modules = [
        ".".join(path.relative_to(directory).with_suffix("").parts)
        for path in sorted(directory.rglob("*.py"))
    ]

    for name in modules:
        importlib.import_module(name)

    assert len(modules) > 100


async def test_a_group_is_created_read_changed_and_deleted(client: Generated) -> None:
    models = client.models
    created = await client.call("groups.create_group", body=models.GroupCreate(name="editors"))
    group_id = created.parsed.group_id
    patch = models.GroupPatch(description="Write", second_factor=None)
    etag = created.headers["etag"]
    changed = await client.call("groups.change_group", group_id, body=patch, if_match=etag)
    stale = await client.call("groups.change_group", group_id, body=patch, if_match=etag)
    read = await client.call("groups.read_group", group_id)
    deleted = await client.call("groups.remove_group", group_id, if_match=changed.headers["etag"])
    gone = await client.call("groups.read_group", group_id)

    assert (created.status_code, created.parsed.name) == (201, "editors")
    assert changed.parsed.description == read.parsed.description == "Write"
    assert (stale.status_code, stale.parsed.error) == (412, "precondition_failed")
    assert (deleted.status_code, gone.status_code) == (204, 404)
    assert gone.parsed.error == "group_not_found"


async def test_a_user_is_created_read_changed_and_deleted(client: Generated) -> None:
    models = client.models
    body = models.AdminUserCreate.from_dict(
        {"username": "zoe", "password": "correct horse battery", "email": "zoe@example.com"}
    )
    created = await client.call("users.create_user", body=body)
    user_id = created.parsed.user_id
    patch = models.UserPatch.from_dict({"claims": {"given_name": "Zoe"}})
    changed = await client.call(
        "users.change_user", user_id, body=patch, if_match=created.headers["etag"]
    )
    read = await client.call("users.read_user", user_id)
    listed = await client.call("users.list_users", search="zo", limit=10)
    deleted = await client.call("users.remove_user", user_id, if_match="*")
    gone = await client.call("users.read_user", user_id)

    assert created.status_code == 201, created.content
    assert created.parsed.otp_uri.startswith("otpauth://")
    assert changed.status_code == 200, changed.content
    assert read.parsed.claims.to_dict()["given_name"] == "Zoe"
    assert [user.user_id for user in listed.parsed.items] == [user_id]
    assert (deleted.status_code, gone.status_code) == (204, 404)


async def test_an_issuer_is_trusted_read_changed_and_deleted(client: Generated) -> None:
    models = client.models
    created = await client.call(
        "clients.add_client",
        body=models.AdminClientCreate(client_name="Build", kind="service", client_id="build"),
    )
    assert created.status_code == 201, created.content
    http = client.connection.get_async_httpx_client()
    metadata = await http.get("/.well-known/openid-configuration")
    body = models.TrustedIssuerBody.from_dict(
        {
            "name": "build",
            "issuer": "https://build.example",
            "jwks_uri": "https://build.example/jwks",
            "algorithms": ["RS256"],
            "audience": metadata.json()["issuer"],
            "subjects": ["repo:octo/app:*"],
            "client_id": "build",
            "scopes": [],
            "resources": [],
            "claims": {"environment": "live"},
        }
    )
    trusted = await client.call("trusted_issuers.create_trusted_issuer", body=body)
    assert trusted.status_code == 201, trusted.content
    patch = models.TrustedIssuerPatch.from_dict({"claims": {"environment": None}})
    changed = await client.call(
        "trusted_issuers.change_trusted_issuer",
        "build",
        body=patch,
        if_match=trusted.headers["etag"],
    )
    read = await client.call("trusted_issuers.read_trusted_issuer", "build")
    listed = await client.call("trusted_issuers.list_trusted_issuers", search="https://build.")
    deleted = await client.call("trusted_issuers.remove_trusted_issuer", "build", if_match="*")
    gone = await client.call("trusted_issuers.read_trusted_issuer", "build")

    assert changed.status_code == 200, changed.content
    assert read.parsed.claims.to_dict() == {}
    assert [each.name for each in listed.parsed.items] == ["build"]
    assert (deleted.status_code, gone.status_code) == (204, 404)


async def test_a_client_is_created_read_changed_and_deleted(client: Generated) -> None:
    models = client.models
    body = models.AdminClientCreate(
        client_name="Reports", kind="web", redirect_uris=[CALLBACK], client_id="reports"
    )
    created = await client.call("clients.add_client", body=body)
    patch = models.ClientPatch(client_name="Numbers")
    changed = await client.call(
        "clients.change_client", "reports", body=patch, if_match=created.headers["etag"]
    )
    secret = await client.call(
        "clients.rotate_client_secret", "reports", body=models.SecretCreate(overlap=60)
    )
    read = await client.call("clients.get_client", "reports")
    tokens = await client.call("clients.list_client_tokens", "reports")
    deleted = await client.call("clients.remove_client", "reports", if_match="*")
    gone = await client.call("clients.get_client", "reports")

    assert created.status_code == 201, created.content
    assert created.parsed.client_secret
    assert changed.status_code == 200, changed.content
    assert secret.parsed.client_secret != created.parsed.client_secret
    assert (read.parsed.client_name, read.parsed.redirect_uris) == ("Numbers", [CALLBACK])
    assert tokens.parsed.items == []
    assert (deleted.status_code, gone.status_code) == (204, 404)
