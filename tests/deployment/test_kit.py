"""The wheel of `postern-kit`, installed beside that of the server, and alone on Python 3.10."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.deployment.files import ROOT
from tests.deployment.test_installed import BIN, index_variables
from tests.support.machine import scaled

pytestmark = pytest.mark.slow

KIT = ROOT / "kit"
SECONDS = 300
OLDEST = "3.10"
TEST_OF_A_USER = """
import jwt


def test_reports(postern_server, postern_user):
    resource = postern_server.create_resource("https://reports.example.com", scopes=["read"])
    before = postern_server.tokens(user=postern_user, resource=resource, scope="read")
    postern_server.advance(seconds=3600)
    after = postern_server.tokens(user=postern_user, resource=resource, scope="read")

    issued_at = [
        jwt.decode(each.access_token, options={"verify_signature": False})["iat"]
        for each in (before, after)
    ]
    assert issued_at[1] - issued_at[0] >= 3600
    assert after.headers["Authorization"].startswith("Bearer eyJ")
"""


def run(command: list[str | Path], directory: Path, **variables: str) -> str:
    result = subprocess.run(
        command, cwd=directory, env={**index_variables(), **variables}, capture_output=True,
        text=True, timeout=scaled(SECONDS), check=False,
    )  # fmt: skip
    assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
    return result.stdout


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the wheels of the kit and of the server."""
    directory = tmp_path_factory.mktemp("wheels")
    for project in (KIT, ROOT):
        build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", directory]
        run([*build, project], directory)
    (kit,) = directory.glob("postern_kit-*.whl")
    (server,) = directory.glob("postern_server-*.whl")
    return kit, server


def test_the_wheel_has_every_module_and_says_that_it_is_typed(wheels: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(wheels[0]) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}

    modules = {
        str(path.relative_to(KIT))
        for path in (KIT / "postern_kit").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert packed == modules
    assert "postern_kit/py.typed" in packed


def test_the_plugin_starts_the_installed_server(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    """The fixtures come with the installation: nothing is imported for them."""
    environment, project = tmp_path / "environment", tmp_path / "project"
    project.mkdir()
    (project / "test_reports.py").write_text(TEST_OF_A_USER)
    python = environment / "bin" / "python"
    run([BIN / "uv", "venv", "--quiet", environment], tmp_path)
    install = [BIN / "uv", "pip", "install", "--quiet", "--python", python]
    run([*install, *wheels, "pytest", "pyjwt"], tmp_path)

    output = run([python, "-m", "pytest", "-q", "test_reports.py"], project)

    assert "1 passed" in output


def interpreter(version: str) -> str | None:
    """Return a Python of a version, if it is installed."""
    roots = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *sorted(roots.glob(f"{version}.*/bin/python"))]
    for each in filter(None, candidates):
        check = f"import sys; sys.exit('%d.%d' % sys.version_info[:2] != '{version}')"
        if subprocess.run([each, "-c", check], capture_output=True, check=False).returncode == 0:
            return str(each)
    return None


def test_the_core_works_with_the_oldest_python(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    python = interpreter(OLDEST)
    if python is None:
        pytest.skip(f"Python {OLDEST} is not installed")
    environment = tmp_path / "environment"
    programs = environment / "bin"
    run(
        [BIN / "uv", "venv", "--quiet", "--python", python, environment], tmp_path, UV_PYTHON=python
    )
    install = [BIN / "uv", "pip", "install", "--quiet", "--python", programs / "python"]
    needed = [f"{wheels[0]}[fastapi,httpx2]", "pytest", "pytest-asyncio"]
    run([*install, *needed], tmp_path, UV_PYTHON=python)
    shutil.copytree(KIT / "tests", tmp_path / "tests")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nmarkers = slow\naddopts = -p no:cacheprovider\n"
    )

    output = run([programs / "python", "-m", "pytest", "-q", "-m", "not slow", "tests"], tmp_path)

    assert " passed" in output
    assert "skipped" not in output
