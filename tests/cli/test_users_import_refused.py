"""`postern users import …` of a file with problems: each is listed with its line."""

import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.schemas.imported_users import IMPORTED_COLUMNS, ImportedUser
from tests.cli.conftest import ImportText, Postern
from tests.cli.user_files import json_lines, messages_in, names_of_users
from tests.support.application import Application

pytestmark = pytest.mark.both_databases

CHARACTERS = (
    "A username can contain letters, digits and punctuation, but no spaces or control characters."
)


async def test_every_problem_is_listed_by_line_and_nothing_is_imported(
    app: Application, import_text: ImportText, postern: Postern
) -> None:
    taken, first, valid = await app.register(), app.new_name("alice"), app.new_name()
    rows: Sequence[dict[str, Any]] = [
        {"username": valid},
        {"username": first},
        {"username": first.upper()},
        {"username": taken.username, "email": "no address"},
        {"username": "two words", "birthdate": "30.2.2000"},
        {"username": app.new_name(), "password_hash": "5f4dcc3b5aa765d61d8327deb882cf99"},
        {"username": app.new_name(), "password_hash": f"$2b$15${'a' * 21}.{'a' * 31}"},
        {"username": app.new_name(), "otp_secret": "GEZDGNBV"},
        {"username": app.new_name(), "otp_secret": "not base32!"},
        {"username": app.new_name(), "disabled": "perhaps"},
        {"username": app.new_name(), "is_admin": True},
        {"username": app.new_name(), "preferred_username": "admin"},
        {"username": app.new_name(), "groups": ["no\tsuch"]},
        {"username": app.new_name(), "groups": ["nobody's group"]},
        {"username": 5},
        {},
    ]

    result = await import_text(json_lines(*rows), name="users.jsonl")

    assert (result.code, result.output) == (1, "")
    a_secret = "must be a TOTP secret in base32, of 80 bits or more"
    assert messages_in(result) == [
        "line 3: username: is the same as in line 2",
        "line 4: email: must be an e-mail address",
        "line 4: username: is taken by another account",
        "line 5: birthdate: must be YYYY-MM-DD, or YYYY",
        f"line 5: username: {CHARACTERS}",
        "line 6: password_hash: The format of the password hash is not supported.",
        "line 7: password_hash: The password hash costs too much to verify (cost: 15, at most 14).",
        f"line 8: otp_secret: {a_secret}",
        f"line 9: otp_secret: {a_secret}",
        "line 10: disabled: Input should be a valid boolean, unable to interpret input",
        "line 11: is_admin: is unknown",
        "line 12: preferred_username is always the username: leave it out",
        "line 13: groups.0: must not contain control characters",
        "line 14: groups: there is no group nobody's group",
        "line 15: username: must be text",
        "line 16: username: is missing",
        "postern: 16 problems. Nothing was imported.",
    ]
    assert valid not in await names_of_users(app, postern)
    assert "5f4dcc3b5aa765d61d8327deb882cf99" not in result.errors


async def test_a_username_that_is_a_verified_address_of_another_user_is_taken(
    app: Application, import_text: ImportText
) -> None:
    """The rule for new users"""
    address = f"{app.new_name()}@example.com"
    row = {"username": app.new_name(), "email": address, "email_verified": True}
    assert (await import_text(json_lines(row), name="users.jsonl")).code == 0

    result = await import_text(f"username\n{address}\n")

    assert result.code == 1
    assert "line 2: username: is taken by another account" in messages_in(result)


async def test_a_username_that_is_a_verified_address_in_the_same_file_is_listed(
    app: Application, import_text: ImportText, postern: Postern
) -> None:
    first, second, own, unverified = (f"{app.new_name()}@example.com" for _ in range(4))
    rows: Sequence[dict[str, Any]] = [
        {"username": app.new_name(), "email": first.upper(), "email_verified": True},
        {"username": first},
        {"username": second},
        {"username": app.new_name(), "email": second, "email_verified": True},
        {"username": own, "email": own, "email_verified": True},
        {"username": app.new_name(), "email": unverified},
        {"username": unverified},
    ]

    result = await import_text(json_lines(*rows), name="users.jsonl")

    assert result.code == 1
    assert messages_in(result) == [
        "line 2: username: is the verified address in line 1",
        "line 4: email: is the username in line 3",
        "postern: 2 problems. Nothing was imported.",
    ]
    assert (await import_text(json_lines(*rows[4:]), name="users.jsonl")).code == 0
    assert not {first, second} & await names_of_users(app, postern)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (b"", ["line 1: there is no header"]),
        (b"name\nx\n", ["line 1: there is no column username"]),
        (b"username,username\n", ["line 1: a column is repeated"]),
        (b"username,name\nalice\n\nbob,b,b\n", ["line 2: has 1 cells", "line 4: has 3 cells"]),
        (b'username\n"alice\nbob\n', ["line 2: cannot be read, nor what follows"]),
        (
            b"username\nalice\n\xe4\n",
            ["line 3: cannot be read, nor what follows: the file must be"],
        ),
        (b"username\n" + b"x" * 300_000, ["line 2: cannot be read, nor what follows: a line has"]),
    ],
)
async def test_a_csv_file_that_cannot_be_read_is_refused_with_its_line(
    import_text: ImportText, text: bytes, problems: list[str]
) -> None:
    result = await import_text(text)

    *listed, last = messages_in(result)
    assert result.code == 1
    assert [line[: len(start)] for line, start in zip(listed, problems, strict=True)] == problems
    assert re.fullmatch(r"postern: [12] problems?\. Nothing was imported\.", last)


async def test_an_unknown_column_is_refused_with_the_known_ones(import_text: ImportText) -> None:
    result = await import_text("username,\x1bpasswort\nalice,x\n")

    line, _ = messages_in(result)
    assert line.startswith("line 1: unknown column '\\x1bpasswort'; known are username, ")


def test_every_column_is_named_in_that_message() -> None:
    assert set(IMPORTED_COLUMNS) == set(ImportedUser.model_fields)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"{'username': 'alice'}\n", "line 1: is not JSON"),
        (b"[]\n", "line 1: must be a JSON object"),
        (b'{"a": ' + b"[" * 100_000 + b"\n", "line 1: is not JSON"),
        (b'{"username": "\\ud800"}\n', "line 1: username: "),
        (
            (
                b'{"username": "x", "password_hash": {"credentialData": {"algorithm": "pbkdf2", '
                b'"hashIterations": 1e999}, "secretData": {}}}'
            ),
            "line 1: password_hash: The format of the password hash is not supported.",
        ),
        (b'{"username": "x", "\\u001b[2J": 1}\n', "line 1: '\\x1b[2J': is unknown"),
        (b'\n{"username": "\xe4"}\n', "line 2: cannot be read, nor what follows: the file must be"),
    ],
)
async def test_a_line_that_is_not_a_user_is_refused(
    import_text: ImportText, text: bytes, problem: str
) -> None:
    result = await import_text(text, name="users.jsonl")

    assert result.code == 1
    assert messages_in(result)[0].startswith(problem)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("missing.csv",), 1, "missing.csv: No such file or directory."),
        (("users.txt",), 1, "users.txt: use --format to say which of csv, jsonl it is."),
        ((".", "--format", "csv"), 1, ".: Is a directory."),
        (("users.csv", "--format", "xml"), 2, "must be one of csv, jsonl"),
    ],
)
async def test_a_file_that_cannot_be_opened_is_a_one_line_error(
    app: Application, postern: Postern, arguments: Sequence[str], code: int, message: str
) -> None:
    result = await postern("users", "import", *arguments, DATABASE_URL=app.settings.database_url)

    assert result.code == code
    assert message in result.errors


async def test_a_pipe_is_refused_because_it_cannot_be_read_twice(
    app: Application, postern: Postern, tmp_path: Path
) -> None:
    pipe = tmp_path / "users.csv"
    os.mkfifo(pipe)
    writer = threading.Thread(target=_write_users, args=(pipe,), daemon=True)
    writer.start()

    result = await postern("users", "import", str(pipe), DATABASE_URL=app.settings.database_url)

    assert (result.code, result.output) == (1, "")
    assert messages_in(result) == [
        f"postern: {pipe}: isn't a regular file. A pipe can't be imported."
    ]


def _write_users(pipe: Path) -> None:
    """Write to whatever reads the pipe, which nothing should."""
    pipe.write_text("username\nalice\n")
