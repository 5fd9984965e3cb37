"""Railway, platforms with a Procfile, and Vercel: where the issuer comes from, and what runs."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.deployment.files import (
    COMMAND_NAMES,
    json_of,
    run_python,
    run_with_a_postern_that_prints_its_environment,
    text_of,
    variables_in,
)
from tests.support.application import SECRET_KEY

pytestmark = pytest.mark.slow

PROCESSES = dict(line.split(": ", 1) for line in text_of("Procfile").splitlines())
START_COMMANDS = {
    "railway.json": json_of("railway.json")["deploy"]["startCommand"],
    "Procfile": PROCESSES["web"],
}
VERCEL = {
    "DATABASE_URL": "postgresql://nobody@localhost/nothing",
    "SECRET_KEY": SECRET_KEY,
    "VERCEL_URL": "postern-abc123.vercel.app",
    "VERCEL_PROJECT_PRODUCTION_URL": "login.example.com",
}


def test_every_command_of_the_platform_files_exists() -> None:
    files = ("railway.json", "Procfile", "vercel.json")
    named = [
        name
        for file in files
        for name in re.findall(r"(?:\bpostern|app\.cli) ([a-z]+)", text_of(file))
    ]

    assert set(named) == {"serve", "migrate"}
    assert set(named) <= COMMAND_NAMES


def test_each_platform_migrates_before_it_serves() -> None:
    assert json_of("railway.json")["deploy"]["preDeployCommand"] == ["postern migrate"]
    assert PROCESSES["release"] == "postern migrate"
    assert json_of("vercel.json")["buildCommand"] == "python -m app.cli migrate"


@pytest.mark.parametrize("name", START_COMMANDS)
def test_the_issuer_is_derived_from_the_domain_of_the_platform(name: str, tmp_path: Path) -> None:
    environment = run_with_a_postern_that_prints_its_environment(
        START_COMMANDS[name], tmp_path, RAILWAY_PUBLIC_DOMAIN="postern.up.railway.app", PORT="8080"
    )

    assert environment["ISSUER"] == "https://postern.up.railway.app"
    assert environment["PORT"] == "8080"
    assert environment["TRUSTED_PROXIES"]


@pytest.mark.parametrize("name", START_COMMANDS)
def test_settings_of_the_operator_override_those_of_the_platform(name: str, tmp_path: Path) -> None:
    own = {"ISSUER": "https://login.example.com", "TRUSTED_PROXIES": "192.0.2.1"}

    environment = run_with_a_postern_that_prints_its_environment(
        START_COMMANDS[name], tmp_path, RAILWAY_PUBLIC_DOMAIN="postern.up.railway.app", **own
    )

    assert own.items() <= environment.items()


def test_a_procfile_platform_runs_in_production_and_listens_on_every_interface(
    tmp_path: Path,
) -> None:
    environment = run_with_a_postern_that_prints_its_environment(
        PROCESSES["web"], tmp_path, HEROKU_APP_DEFAULT_DOMAIN_NAME="postern.herokuapp.com"
    )

    assert environment["APP_ENV"] == "production"
    assert environment["HOST"] == "0.0.0.0"
    assert environment["ISSUER"] == "https://postern.herokuapp.com"


@pytest.mark.parametrize("name", START_COMMANDS)
def test_without_a_domain_the_server_refuses_to_start_and_names_the_setting(
    name: str, tmp_path: Path
) -> None:
    """SECURITY_BAR row 48"""
    environment = run_with_a_postern_that_prints_its_environment(START_COMMANDS[name], tmp_path)

    result = run_python(
        "from app.cli import main; raise SystemExit(main(['serve', '--port', '0']))",
        tmp_path,
        SECRET_KEY=SECRET_KEY,
        APP_ENV="production",
        ISSUER=environment["ISSUER"],
    )

    assert result.returncode == 2
    assert result.stderr.startswith("postern: ISSUER")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("vercel_env", "issuer"),
    [
        ("production", "https://login.example.com"),
        ("preview", "https://postern-abc123.vercel.app"),
    ],
)
def test_on_vercel_the_issuer_is_the_domain_of_the_deployment(
    vercel_env: str, issuer: str, tmp_path: Path
) -> None:
    result = ask_the_vercel_entry(tmp_path, VERCEL_ENV=vercel_env, **VERCEL)

    assert json.loads(result.stdout)["issuer"] == issuer


def test_on_vercel_the_issuer_of_the_operator_takes_precedence(tmp_path: Path) -> None:
    own = {**VERCEL, "ISSUER": "https://own.example"}

    result = ask_the_vercel_entry(tmp_path, VERCEL_ENV="production", **own)

    assert json.loads(result.stdout)["issuer"] == "https://own.example"


def test_vercel_requires_postgresql(tmp_path: Path) -> None:
    without = {**VERCEL, "DATABASE_URL": ""}

    result = ask_the_vercel_entry(tmp_path, VERCEL_ENV="production", **without)

    assert result.returncode != 0
    assert "StartupError: DATABASE_URL" in result.stderr


def test_vercel_installs_the_locked_dependencies_and_builds_nothing() -> None:
    assert json_of("vercel.json")["installCommand"] == (
        "uv pip install --require-hashes -r requirements/serve.txt"
    )


def test_the_vercel_entry_point_is_configured() -> None:
    """Vercel looks into pyproject.toml for an entry that has no name of its own list."""
    settings = tomllib.loads(text_of("pyproject.toml"))["tool"].get("vercel", {})

    assert json_of("vercel.json")["framework"] == "fastapi"
    assert settings.get("entrypoint") == "app.vercel:app"


@pytest.mark.parametrize("name", ["railway.json", "Procfile"])
def test_every_variable_of_the_platforms_is_documented(name: str) -> None:
    documented = text_of(".env.example") + text_of("docs/deployment.md")

    for variable in variables_in(text_of(name)):
        assert re.search(rf"\b{variable}\b", documented), variable


def ask_the_vercel_entry(directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Imports the entry as Vercel does and asks it for the metadata, which needs no database."""
    return run_python(
        """
import asyncio
from app.vercel import app

async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}

async def send(message):
    print(message.get("body", b"").decode(), end="")

asyncio.run(app({"type": "http", "method": "GET", "query_string": b"", "headers": [],
    "path": "/.well-known/oauth-authorization-server", "client": ("127.0.0.1", 1)}, receive, send))
""",
        directory,
        **environment,
    )
