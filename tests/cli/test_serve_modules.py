"""A running server has imported neither Typer nor Rich, which only the other commands need."""

import signal
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.cli import serve
from tests.cli.processes import Server, serving
from tests.support.machine import scaled
from tests.support.server import is_worker

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LISTS_ITS_MODULES = """
import os, pathlib, signal, sys

own = pathlib.Path(os.environ["MODULES_DIRECTORY"], str(os.getpid()))

def write(*_):
    own.with_suffix(".part").write_text(" ".join(sys.modules))
    own.with_suffix(".part").rename(own.with_suffix(".modules"))

signal.signal(signal.SIGUSR1, write)
own.with_suffix(".started").touch()
"""
"""A `sitecustomize` module by which every process of a server tells what it has imported."""
OF_OTHER_COMMANDS = {"typer", "rich", "shellingham"}


def modules_of(server: Server, process: psutil.Process, directory: Path) -> set[str]:
    own = directory / str(process.pid)
    server.eventually(own.with_suffix(".started").exists, "it can be asked")
    process.send_signal(signal.SIGUSR1)
    server.eventually(own.with_suffix(".modules").exists, "it lists its modules")
    return set(own.with_suffix(".modules").read_text().split())


def workers_of(server: Server) -> list[psutil.Process]:
    return [each for each in server.children() if is_worker(each)]


@pytest.mark.parametrize("count", [1, 2])
def test_a_server_and_its_workers_import_neither_typer_nor_rich(tmp_path: Path, count: int) -> None:
    (tmp_path / "sitecustomize.py").write_text(LISTS_ITS_MODULES)
    variables = {"MODULES_DIRECTORY": str(tmp_path), "PYTHONPATH": f"{tmp_path}:{ROOT}"}

    with serving(tmp_path, "--workers", str(count), "--port=0", **variables) as server:
        with httpx.Client(base_url=server.url, timeout=scaled(30)) as http:
            server.wait_until_it_is_ready(http)
        if count > 1:
            server.eventually(lambda: len(workers_of(server)) == count, "it has its workers")
        processes = [psutil.Process(server.process.pid), *workers_of(server)]
        modules = [modules_of(server, process, tmp_path) for process in processes]

    assert any("app.main" in names for names in modules)
    for names in modules:
        assert {name.partition(".")[0] for name in names} & OF_OTHER_COMMANDS == set()


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("", {}),
        ("--host ::1 --port 80", {"host": "::1", "port": 80}),
        ("--host=::1 --workers=2 --https", {"host": "::1", "workers": 2, "https": True}),
        ("--work 2 --http", {"workers": 2, "https": True}),
        ("--port 1 --port 2", {"port": 2}),
    ],
)
def test_the_options_of_serve_are_parsed_without_typer(words: str, options: dict[str, Any]) -> None:
    defaults = {"host": None, "port": None, "workers": None, "https": False}

    assert serve.parse(words.split()) == {**defaults, **options}


@pytest.mark.parametrize("words", ["--help", "-h", "--port soon", "--port", "here", "--nonsense"])
def test_help_and_mistakes_in_usage_are_left_to_typer(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve.parse(words.split()) is None
    assert capsys.readouterr() == ("", "")
