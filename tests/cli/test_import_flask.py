"""`postern import flask`: users and clients of the original server go on as before."""

import json
import secrets
from pathlib import Path
from typing import Any

import pyotp
import pytest
from werkzeug.security import generate_password_hash

from app.details import Detail
from app.repositories.clients.imports import ClientImportRepository
from tests.cli.conftest import Postern, Result
from tests.cli.user_files import messages_in, names_of_users
from tests.support.account import stored
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.flask_server import FlaskServerFile
from tests.support.parts import services_of

pytestmark = pytest.mark.both_databases

PASSWORD = "password123"
CHARACTERS = (
    "A username can contain letters, digits and punctuation, but no spaces or control characters."
)
HASH = generate_password_hash(PASSWORD, "scrypt:1024:8:1")
LONG_HASH = generate_password_hash(PASSWORD, "scrypt:1024:8:1", salt_length=40)


@pytest.fixture
def flask_file(tmp_path: Path) -> FlaskServerFile:
    return FlaskServerFile(tmp_path / "db.sqlite")


@pytest.fixture
def import_flask(app: Application, postern: Postern) -> Postern:
    """`postern import flask` of that file, into the database of the running application."""

    async def run(*options: str) -> Result:
        return await postern(
            "import", "flask", "db.sqlite", *options, DATABASE_URL=app.settings.database_url
        )

    return run


def new_client() -> TestClient:
    """Credentials as that server created them."""
    return TestClient(secrets.token_hex(12), secrets.token_urlsafe(36))


async def test_users_and_clients_go_on_as_before(
    app: Application, flask_file: FlaskServerFile, import_flask: Postern
) -> None:
    user = TestUser(app.new_name("Alice"), PASSWORD, pyotp.random_base32())
    client = new_client()
    flask_file.add_user(user.username, LONG_HASH, otp_secret=user.otp_secret, otp_verified=True)
    flask_file.add_client(client.client_id, client.client_secret, name="UserApp")

    result = await import_flask()

    assert (result.code, result.output) == (0, "Imported 1 user and 1 client.\n"), result.errors
    pair = await app.password_grant(client, user)
    assert pair.status_code == 200, pair.text
    assert pair.json()["scope"] == "profile"
    assert (await app.refresh(client, pair.json()["refresh_token"])).status_code == 200
    assert_oauth_error(await app.client_credentials(client), "unauthorized_client")
    assert (await app.verify_otp(user.username, app.code(user))).json() == {"valid": True}
    other = TestClient(client.client_id, client.client_secret[::-1])
    assert_oauth_error(await app.password_grant(other, user), "invalid_client", status=401)


async def test_a_client_keeps_its_metadata_and_not_its_secret(
    app: Application, flask_file: FlaskServerFile, import_flask: Postern
) -> None:
    client, nameless = new_client(), new_client()
    flask_file.add_client(client.client_id, client.client_secret, name="UserApp", scope="a b")
    flask_file.add_client(nameless.client_id, nameless.client_secret, redirect_uris=None)

    result = await import_flask("--json")

    assert json.loads(result.output) == {
        "users": 0,
        "clients": 2,
        "already_imported": 0,
        "problems": 0,
        "dry_run": False,
    }
    row = await services_of(app).clients.clients.get(client.client_id)
    assert row.client_name == "UserApp"
    assert row.scope == "a b"
    assert row.grant_types == "authorization_code password refresh_token"
    assert row.redirect_uri_list == ["https://app.example/callback"]
    assert row.metadata_members == {}  # client_uri was the redirect URI
    assert row.created_at.timestamp() == 1_700_000_000
    assert client.client_secret[:8].encode() not in (row.secret_digest or b"")
    other = await services_of(app).clients.clients.get(nameless.client_id)
    assert (other.client_name, other.redirect_uris) == ("", "https://app.example/callback")


async def test_the_state_of_a_second_factor_is_taken_over(
    app: Application, flask_file: FlaskServerFile, import_flask: Postern
) -> None:
    names = [app.new_name() for _ in range(3)]
    secret = pyotp.random_base32()
    flask_file.add_user(names[0], HASH, otp_secret=secret, otp_verified=True)
    flask_file.add_user(names[1], HASH, otp_secret=secret, otp_verified=False)
    flask_file.add_user(names[2], HASH, otp_secret=None, otp_verified=None)

    await import_flask()

    users = [await stored(app, TestUser(name, "", "")) for name in names]
    assert [user.has_confirmed_otp for user in users] == [True, False, False]
    assert [user.otp_secret is not None for user in users] == [True, True, False]
    unconfirmed = TestUser(names[1], PASSWORD, secret)
    assert (await app.verify_otp(names[1], app.code(unconfirmed))).json() == {"valid": True}


def add_problems(app: Application, file: FlaskServerFile) -> tuple[list[str], str]:
    """Add rows with a problem each; return the lines about them, and the name of a valid user."""
    stem = app.new_name()
    file.add_user(stem, HASH)
    file.add_user(f"{stem}x", HASH)
    file.add_user(f"{stem}X", HASH)
    file.add_user(f"{stem} y", HASH)
    file.add_user(f"{stem}-plain", "plain$$password")
    file.add_user(f"{stem}-none", None)
    file.add_user(f"{stem}-otp", HASH, otp_secret="not base32!", otp_verified=True)
    clients = {
        name: new_client() for name in ("http", "token", "short", "expires", "hex", "broken")
    }
    ids = {name: client.client_id for name, client in clients.items()}
    ids["hex"] = secrets.token_hex(16)
    file.add_client(ids["http"], "s" * 48, redirect_uris=["http://app.example/callback"])
    file.add_client(ids["token"], "s" * 48, response_types=["token"])
    file.add_client(ids["short"], "s" * 31)
    file.add_client(ids["expires"], "s" * 48, expires_at=1_800_000_000)
    file.add_client(ids["hex"], "s" * 48)
    file.add_client(ids["broken"], "s" * 48, metadata="{")
    same = "case and width do not matter here"
    users = [
        f"user 2 ({stem}x): username: is the same as {stem}X: {same}",
        f"user 3 ({stem}X): username: is the same as {stem}x: {same}",
        f"user 4 ({stem} y): username: {CHARACTERS}",
        f"user 5 ({stem}-plain): password_hash: The format of the password hash is not supported.",
        f"user 6 ({stem}-none): password: is missing",
        f"user 7 ({stem}-otp): otp_secret: must be a TOTP secret in base32, of 80 bits or more",
    ]
    messages = {
        "http": "A redirect_uri is not accepted. Use https, http on localhost, 127.0.0.1 or [::1],"
        " or a private-use scheme such as com.example.app:/callback.",
        "token": "response_types.0: Input should be 'code'",
        "short": "client_secret: must have 32 plain characters or more",
        "expires": "client_secret_expires_at: a secret that expires cannot be imported",
        "hex": "client_id: must not have the form of the subject of a user",
        "broken": "client_metadata: must be a JSON object",
    }
    lines = sorted(f"client {ids[name]}: {message}" for name, message in messages.items())
    return [*users, *lines], stem


async def test_every_problem_is_listed_and_stops_the_import(
    app: Application, flask_file: FlaskServerFile, import_flask: Postern, postern: Postern
) -> None:
    problems, valid = add_problems(app, flask_file)

    result = await import_flask()

    assert (result.code, result.output) == (1, "")
    assert messages_in(result) == [*problems, "postern: 12 problems. Nothing was imported."]
    assert valid not in await names_of_users(app, postern)


async def test_what_has_a_problem_can_be_left_out(
    app: Application, flask_file: FlaskServerFile, import_flask: Postern, postern: Postern
) -> None:
    problems, valid = add_problems(app, flask_file)
    client = new_client()
    flask_file.add_client(client.client_id, client.client_secret)

    result = await import_flask("--skip-invalid")

    assert result.code == 0
    assert result.output == (
        "Imported 1 user and 1 client.\n12 problems above: what they name was left out.\n"
    )
    assert messages_in(result) == problems
    names = await names_of_users(app, postern)
    assert {name for name in names if name.startswith(valid)} == {valid}
    assert (await app.introspect(client, "x")) == {"active": False}


async def test_clients_with_the_same_id_or_without_one_are_listed_and_can_be_left_out(
    app: Application, flask_file: FlaskServerFile, import_flask: Postern
) -> None:
    valid, repeated = new_client(), new_client()
    flask_file.add_client(valid.client_id, valid.client_secret)
    flask_file.add_client(repeated.client_id, repeated.client_secret)
    flask_file.add_client(repeated.client_id, repeated.client_secret)
    flask_file.add_client(None, "s" * 48)
    problems = [
        "client None: client_id: is missing",
        *[f"client {repeated.client_id}: client_id: is the same as in another row"] * 2,
    ]

    refused = await import_flask()
    skipped = await import_flask("--skip-invalid")

    assert refused.code == 1
    assert messages_in(refused) == [*problems, "postern: 3 problems. Nothing was imported."]
    assert skipped.code == 0
    assert messages_in(skipped) == problems
    clients = services_of(app).clients.clients
    assert await clients.find(valid.client_id) is not None
    assert await clients.find(repeated.client_id) is None
    assert await clients.find("None") is None


async def test_a_loopback_redirect_uri_is_taken_over(
    app: Application, flask_file: FlaskServerFile, import_flask: Postern
) -> None:
    """The one of that server's quick start"""
    client, uri = new_client(), "http://localhost:3000/callback"
    flask_file.add_client(client.client_id, client.client_secret, redirect_uris=[uri])

    assert (await import_flask()).code == 0

    row = await services_of(app).clients.clients.get(client.client_id)
    assert row.redirect_uri_list == [uri]


async def test_names_that_are_taken_here_are_listed(
    app: Application, flask_file: FlaskServerFile, import_flask: Postern
) -> None:
    user, client = await app.register(), await app.create_client()
    flask_file.add_user(user.username.upper(), HASH)
    flask_file.add_client(client.client_id, "s" * 48)

    result = await import_flask()

    assert messages_in(result)[:-1] == [
        f"user 1 ({user.username.upper()}): username: is taken by another account",
        f"client {client.client_id}: client_id: is taken by another client",
    ]


async def test_a_dry_run_stores_nothing_and_an_import_can_be_repeated(
    app: Application, flask_file: FlaskServerFile, import_flask: Postern, postern: Postern
) -> None:
    name, client = app.new_name(), new_client()
    flask_file.add_user(name, HASH)
    flask_file.add_client(client.client_id, client.client_secret)

    dry = await import_flask("--dry-run")
    names = await names_of_users(app, postern)
    first, second = await import_flask(), await import_flask()

    assert dry.output == "Would import 1 user and 1 client.\n"
    assert name not in names
    assert first.output == "Imported 1 user and 1 client.\n"
    assert second.output == "Imported 0 users and 0 clients.\n2 had been imported before.\n"


async def test_a_client_that_cannot_be_stored_leaves_nothing_behind(
    app: Application,
    flask_file: FlaskServerFile,
    import_flask: Postern,
    postern: Postern,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, first, taken = app.new_name(), new_client(), await app.create_client()
    flask_file.add_user(name, HASH)
    flask_file.add_client(first.client_id, first.client_secret)
    add_all = ClientImportRepository.add_all

    async def taken_meanwhile(self: ClientImportRepository, clients: Any, *, events: Any) -> bool:
        another = clients[0]._replace(client_id=taken.client_id)
        return await add_all(self, [*clients, another], events=events)

    with monkeypatch.context() as patch:
        patch.setattr(ClientImportRepository, "add_all", taken_meanwhile)
        result = await import_flask()

    assert messages_in(result) == [f"postern: {Detail.IMPORT_OVERTAKEN}"]
    assert name not in await names_of_users(app, postern)
    assert await services_of(app).clients.clients.find(first.client_id) is None
    assert (await import_flask()).output == "Imported 1 user and 1 client.\n"


async def test_the_id_of_a_deleted_client_is_taken(
    app: Application, flask_file: FlaskServerFile, import_flask: Postern
) -> None:
    client = await app.create_client()
    clients = services_of(app).clients.clients
    await clients.delete(await clients.get(client.client_id))
    flask_file.add_client(client.client_id, client.client_secret)

    result = await import_flask()

    line = f"client {client.client_id}: client_id: is taken by another client"
    assert line in messages_in(result)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "db.sqlite: there is no such file."),
        (b"", "db.sqlite: not a database of the Flask server (no such table: user)."),
        (b"x" * 5000, "db.sqlite: not a database of the Flask server (file is not a database)."),
    ],
)
async def test_another_file_is_a_one_line_error(
    tmp_path: Path, import_flask: Postern, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "db.sqlite").write_bytes(content)

    result = await import_flask()

    assert result.code == 1
    assert messages_in(result) == [f"postern: {message}"]


async def test_the_file_is_only_read(
    app: Application, flask_file: FlaskServerFile, import_flask: Postern
) -> None:
    flask_file.add_user(app.new_name(), HASH)
    before = flask_file.path.read_bytes()
    flask_file.path.chmod(0o400)

    assert (await import_flask()).code == 0

    assert flask_file.path.read_bytes() == before
    assert not [path for path in flask_file.path.parent.iterdir() if path != flask_file.path]
