"""A start that is refused costs little: the application is imported only for good settings.

A service manager starts a server that stops again and again.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.processes import environment

WATCHED = """
import sys
from app.cli import main
code = main(sys.argv[1:])
print(code, *sorted(sys.modules), sep="\\n")
"""
NEEDED = (
    *("app.cli", "app.settings", "app.errors", "app.startup_errors", "app.clock"),
    "app.observability",
)
OF_THE_SOCKET = ("app.server", "app.server.listening", "app.server.certificate")
HEAVY = {"fastapi", "starlette", "sqlalchemy", "authlib", "uvicorn", "jinja2", "joserfc"}


def modules_after(directory: Path, *arguments: str, **variables: str) -> list[str]:
    """What a refused start imported."""
    paths = (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", ""))
    run = subprocess.run(
        [sys.executable, "-c", WATCHED, *arguments],
        cwd=directory,
        env={
            **environment(directory, variables),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    code, *modules = run.stdout.split()
    assert code == "2", run.stderr
    assert run.stderr.startswith(("postern: ", "Usage: postern"))
    return modules


def assert_not_imported(modules: list[str], *also_needed: str) -> None:
    ours = {name for name in modules if name.startswith("app.")}
    needed = (*NEEDED, *also_needed)

    assert {each for each in ours if not each.startswith(needed)} == set()
    assert HEAVY & set(modules) == set()


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["serve"], {"APP_ENV": "production"}),
        (["serve"], {"ACCESS_TOKEN_TTL": "soon"}),
        (["serve", "--host", "0.0.0.0"], {}),
        (["migrate"], {"DATABASE_URL": "mysql://db/postern"}),
    ],
)
def test_refused_settings_do_not_import_the_application(
    tmp_path: Path, arguments: list[str], variables: dict[str, str]
) -> None:
    """SECURITY_BAR row 48"""
    assert_not_imported(modules_after(tmp_path, *arguments, **variables), *OF_THE_SOCKET)


@pytest.mark.slow
def test_a_busy_port_does_not_import_the_application(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])

        modules = modules_after(tmp_path, "serve", PORT=port)

    assert_not_imported(modules, *OF_THE_SOCKET)


@pytest.mark.parametrize("arguments", [[], ["users"], ["clients", "show"], ["nonsense"]])
def test_help_and_mistakes_in_usage_import_neither_the_application_nor_rich(
    tmp_path: Path, arguments: list[str]
) -> None:
    modules = modules_after(tmp_path, *arguments)

    assert (HEAVY | {"rich"}) & set(modules) == set()
