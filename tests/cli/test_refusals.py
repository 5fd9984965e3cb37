"""The exit code of every kind of refusal: 2 for usage and settings, 1 for the rest."""

from pathlib import Path

import pytest

from app.services.accounts.users import UserService
from tests.cli.conftest import Postern
from tests.support.application import Application, TestClient, TestUser

ON_THE_DATABASE = [
    "users list",
    "users show ada",
    "users reset-otp ada",
    "users remove-passkeys ada",
    "users reset-password ada --link",
    "users set ada --name Ada",
    "users disable ada",
    "users enable ada",
    "users delete ada --yes",
    "clients list",
    "clients show id",
    "clients rotate id",
    "clients disable id",
    "clients enable id",
    "clients trust id none",
    "clients invite",
    "keys list",
    "keys rotate",
    "keys rewrap",
    "audit list",
    "sessions list ada",
    "sessions end id",
    "mail list",
    "policies show",
    "users invite ada@example.com",
    "audit verify",
    "audit archive audit.jsonl",
    "providers list",
    "providers add company --issuer https://company.example --client-id us",
    "providers disable company",
    "providers enable company",
    "providers remove company --yes",
]


def files_below(directory: Path) -> list[Path]:
    return list(directory.rglob("*"))


@pytest.mark.parametrize("words", ON_THE_DATABASE)
async def test_without_a_database_a_command_is_refused_with_exit_code_2(
    postern: Postern, tmp_path: Path, words: str
) -> None:
    result = await postern(*words.split())

    assert (result.code, result.output) == (2, "")
    assert result.errors.startswith("postern: DATABASE_URL: no database at ")
    assert result.errors.count("\n") == 1
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("words", [*ON_THE_DATABASE, "serve", "migrate", "demo", "keys seal"])
async def test_an_invalid_setting_is_refused_with_exit_code_2(
    postern: Postern, tmp_path: Path, words: str
) -> None:
    result = await postern(*words.split(), typed="secret\n", ACCESS_TOKEN_TTL="soon")

    assert (result.code, result.output) == (2, "")
    assert result.errors.startswith("postern: ACCESS_TOKEN_TTL: ")
    assert result.errors.count("\n") == 1
    assert files_below(tmp_path) == []


async def test_an_invalid_setting_of_a_server_with_a_json_log_is_a_line_of_json(
    postern: Postern,
) -> None:
    result = await postern("serve", LOG_FORMAT="json", ACCESS_TOKEN_TTL="soon")
    of_another_command = await postern("users", "list")

    assert (result.code, result.output) == (2, "")
    assert result.errors.startswith("{")
    assert "ACCESS_TOKEN_TTL" in result.errors
    assert result.errors.count("\n") == 1
    assert of_another_command.errors.startswith("postern: ACCESS_TOKEN_TTL: ")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("users show nobody", "There is no user with that name."),
        ("users set NAME", "Nothing to set or unset. See postern users set --help."),
        ("users set NAME --address {", "--address: must be a JSON object"),
        ("users delete NAME", "Deleting an account cannot be undone. Use --yes to confirm."),
        ("users reset-password NAME", "A password must have 8 to 256 characters."),
        ("clients show nobody", "There is no client with that ID."),
        ("clients invite --days 0", "--days must be between 1 and 3650."),
        ("keys seal", "Nothing to seal: pass the secret on standard input."),
        ("audit list --user nobody", "There is no user with that name."),
        ("audit list --since now", "--since: must be a date or time such as 2026-11-25T09:00:00Z."),
        ("audit verify --head 1", "--head: must be a number, a colon and 64 hexadecimal digits."),
        ("providers disable nobody", "There's no identity provider with that name."),
    ],
)
async def test_a_refused_change_is_one_line_with_exit_code_1(
    app: Application, user: TestUser, postern: Postern, words: str, line: str
) -> None:
    arguments = words.replace("NAME", user.username).split()

    result = await postern(*arguments, DATABASE_URL=app.settings.database_url)

    assert (result.code, result.output) == (1, "")
    assert result.errors.splitlines()[-1] == f"postern: {line}"
    assert "Traceback" not in result.errors


async def test_a_command_without_refusal_has_exit_code_0_and_names_the_database(
    app: Application, client: TestClient, postern: Postern
) -> None:
    result = await postern(
        "clients", "show", client.client_id, DATABASE_URL=app.settings.database_url
    )

    assert result.code == 0
    assert result.errors.startswith("Database: ")
    assert result.errors.count("\n") == 1


async def test_a_bug_is_not_taken_for_a_refusal(
    app: Application, postern: Postern, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that Python prints its traceback"""

    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(UserService, "get", fail)

    with pytest.raises(ZeroDivisionError):
        await postern("users", "show", "ada", DATABASE_URL=app.settings.database_url)
