"""`postern keys …`: what an operator does, and what clients see of it."""

import json
import signal
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.cli.conftest import Postern, Result
from tests.cli.processes import COMMAND, environment, run
from tests.conftest import AppFactory
from tests.support.application import Application

pytestmark = pytest.mark.both_databases

MEMBERS = {"kid", "algorithm", "state", "created_at", "signs_from"}
ALGORITHMS = ["ES256", "EdDSA", "RS256"]


@pytest_asyncio.fixture
async def own_app(start_app: AppFactory) -> Application:
    """On a database of its own, whose keys nobody else rotates."""
    return await start_app()


@pytest.fixture
def keys(own_app: Application, postern: Postern) -> Postern:
    """`postern keys …` on the database of the running application."""

    async def run(*arguments: str, **variables: str) -> Result:
        return await postern(
            "keys", *arguments, DATABASE_URL=own_app.settings.database_url, **variables
        )

    return run


async def listed(keys: Postern) -> list[dict[str, Any]]:
    result = await keys("list", "--json")
    assert result.code == 0, result.errors
    rows: list[dict[str, Any]] = json.loads(result.output)
    return rows


async def published(app: Application) -> set[str]:
    app.clock.advance(seconds=11)  # what a server knows of keys is younger than that
    return {key["kid"] for key in (await app.http.get("/jwks")).json()["keys"]}


async def test_list_shows_the_published_keys_without_secrets(
    own_app: Application, keys: Postern
) -> None:
    before = await published(own_app)

    rows, table = await listed(keys), await keys("list")

    assert {row["kid"] for row in rows} == before
    assert [row["algorithm"] for row in rows] == ALGORITHMS
    assert all(set(row) == MEMBERS for row in rows)
    assert all(kid in table.output for kid in before)


async def test_list_does_not_create_keys(own_app: Application, keys: Postern) -> None:
    """The first keys are made when they are needed"""
    assert await listed(keys) == []

    assert len(await published(own_app)) == 3


async def test_rotate_shows_the_keys_it_created(own_app: Application, keys: Postern) -> None:
    old = await published(own_app)

    result = await keys("rotate", "--json")

    made = json.loads(result.output)
    assert [row["algorithm"] for row in made] == ALGORITHMS
    assert not old & {row["kid"] for row in made}
    assert all(row["signs_from"] > row["created_at"] for row in made)
    assert {row["state"] for row in made} == {"waiting"}
    assert await published(own_app) == old | {row["kid"] for row in made}


async def test_rotate_can_be_limited_to_one_algorithm(own_app: Application, keys: Postern) -> None:
    await published(own_app)

    made = json.loads((await keys("rotate", "--json", "--algorithm", "ES256")).output)

    assert [row["algorithm"] for row in made] == ["ES256"]
    assert len(await listed(keys)) == 4


@pytest.fixture
def waits(own_app: Application, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long commands wait; the clock of the application goes on meanwhile, and is theirs."""
    made: list[float] = []

    async def wait(seconds: float) -> None:
        made.append(seconds)
        own_app.clock.advance(seconds=seconds)

    monkeypatch.setattr("app.cli.keys.sleep", wait)
    monkeypatch.setattr("app.cli.base.Clock", lambda: own_app.clock)
    return made


@pytest.mark.slow
async def test_rotate_now_waits_until_every_server_has_the_new_keys(
    own_app: Application, keys: Postern, waits: list[float]
) -> None:
    """Ten seconds for which a server caches the keys, and forty for which others may"""
    await published(own_app)
    signs_at = own_app.clock.now() + timedelta(seconds=50)

    result = await keys("rotate", "--json", "--now")

    made, rows = json.loads(result.output), await listed(keys)
    assert waits == [50]
    assert (
        f"The new keys are published. They start to sign in 50 seconds, at {signs_at:%H:%M:%S} UTC"
        in result.errors
    )
    assert {row["state"] for row in made} == {"signing"}
    assert {row["state"] for row in rows if row not in made} == {"published"}


def _take_interrupts() -> None:
    """Undo what a shell does to the programs that it runs in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.slow
def test_interrupting_rotate_now_leaves_the_new_keys_published(tmp_path: Path) -> None:
    """Ctrl-C while it waits: they sign a little later, as without --now"""
    url = f"sqlite:///{tmp_path / 'postern.db'}"
    assert run(tmp_path, "migrate", DATABASE_URL=url).returncode == 0
    with subprocess.Popen(
        [*COMMAND, "keys", "rotate", "--now", "--algorithm", "ES256"],
        cwd=tmp_path,
        env=environment(tmp_path, {"DATABASE_URL": url}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_take_interrupts,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "They start to sign in" in line:
                break
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()

    rows = json.loads(run(tmp_path, "keys", "list", "--json", DATABASE_URL=url).stdout)
    newest, *_ = [row for row in rows if row["algorithm"] == "ES256"]
    assert process.returncode == 130
    assert "Interrupted: the new keys are published but do not sign yet." in errors
    assert "Traceback" not in errors
    assert newest["state"] in ("waiting", "signing")  # the latter on a very slow machine
    assert newest["signs_from"] > newest["created_at"]


async def test_list_shows_the_newest_key_of_an_algorithm_first(keys: Postern) -> None:
    (made,) = json.loads((await keys("rotate", "--json", "--algorithm", "RS256")).output)

    rows = [row for row in await listed(keys) if row["algorithm"] == "RS256"]

    assert rows[0] == made
    assert len(rows) == 2


async def test_rotate_without_json_prints_a_table(keys: Postern) -> None:
    result = await keys("rotate")

    assert result.code == 0
    assert len(result.output.splitlines()) == 4
    assert "private" not in result.output


@pytest.mark.parametrize("arguments", [(), ("forget",), ("rotate", "--algorithm", "HS256")])
async def test_invalid_arguments_print_the_usage(keys: Postern, arguments: tuple[str, ...]) -> None:
    result = await keys(*arguments)

    assert result.code == 2
    assert "usage: postern keys" in result.errors.lower()


@pytest.mark.slow
async def test_rotate_creates_new_keys_after_the_secret_key_is_lost(
    own_app: Application, keys: Postern, waits: list[float]
) -> None:
    before = await published(own_app)
    lost = {"SECRET_KEY": "another-key-of-the-tests-7Hq2Lw9Zx4Bn8Mv", "SECRET_KEY_IS_NEW": "1"}

    result = await keys("rotate", "--json", "--now", **lost)

    assert result.code == 0
    assert not before & {row["kid"] for row in json.loads(result.output)}
    assert before < {row["kid"] for row in await listed(keys)}
