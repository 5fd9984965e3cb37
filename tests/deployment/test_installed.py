"""The wheel in an environment of its own, beside another package named `app`."""

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from email.parser import Parser
from pathlib import Path

import httpx
import pytest

from tests.cli.processes import Server, serving
from tests.deployment.files import ROOT, locked_versions
from tests.support.machine import scaled
from tests.support.ports import free_port

pytestmark = pytest.mark.slow

INSTALL_SECONDS = 300
BIN = Path(sys.executable).parent
CODE = "postern_server/_code"


def run(
    command: list[str | Path], directory: Path, **variables: str
) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        command,
        cwd=directory,
        env={**index_variables(), **variables},
        capture_output=True,
        text=True,
        timeout=scaled(INSTALL_SECONDS),
        check=False,
    )
    assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
    return result


def index_variables() -> dict[str, str]:
    """Return the variables that tell installers where packages, certificates and caches are."""
    names = ("PATH", "HOME", "XDG_CACHE_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR")
    own = {name: os.environ[name] for name in names if name in os.environ}
    configured = {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_"))
    }
    return {
        **own,
        **configured,
        "UV_PYTHON": sys.executable,
    }


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist from the checkout and the wheel from the sdist; return their directory."""
    directory = tmp_path_factory.mktemp("distributions")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", directory, ROOT], directory)
    return directory


@pytest.fixture(scope="module", autouse=True)
def constraints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let installers take the locked versions. Their hashes would require one for the wheel too."""
    path = tmp_path_factory.mktemp("constraints") / "constraints.txt"
    path.write_text("".join(f"{name}=={at}\n" for name, at in locked_versions("dev").items()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_CONSTRAINT", str(path))
        patch.setenv("UV_CONSTRAINT", str(path))
        yield


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (path,) = distributions.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel beside packages named `app` and `migrations`; return the programs."""
    directory = tmp_path_factory.mktemp("environment")
    run([BIN / "uv", "venv", directory], directory)
    programs = directory / "bin"
    run(
        [BIN / "uv", "pip", "install", "--python", programs / "python", f"{wheel}[demo]"], directory
    )
    purelib = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = run([programs / "python", "-c", purelib], directory).stdout.strip()
    for name in ("app", "migrations"):
        make_foreign_package(Path(packages), name)
    return programs


def make_foreign_package(directory: Path, name: str) -> None:
    (directory / name).mkdir()
    (directory / name / "__init__.py").write_text("OWNER = 'somebody else'\n")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Return a working directory that has a package named `app` too."""
    make_foreign_package(tmp_path, "app")
    return tmp_path


def walk_the_quick_start(environment: Path, directory: Path, url: str) -> None:
    result = run([environment / "postern", "demo", "--url", url], directory)

    assert "otp_verified: True" in result.stdout
    assert "type: client" in result.stdout


def metadata_of(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def files_below(directory: Path) -> set[str]:
    return {
        str(path.relative_to(directory.parent))
        for path in directory.rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".mo"}
    }


def test_the_wheel_makes_one_package_importable(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name.partition("/")[0] for name in archive.namelist()}

    assert {name for name in names if not name.endswith(".dist-info")} == {"postern_server"}


@pytest.mark.parametrize("package", ["app", "migrations"])
def test_the_wheel_has_every_file_of_the_checkout(package: str, wheel: Path) -> None:
    """Mails, templates, styles and migrations are read when it runs; translations are compiled."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {
            name.removeprefix(f"{CODE}/")
            for name in archive.namelist()
            if name.startswith(f"{CODE}/{package}/")
        }

    assert packed == {
        name.removesuffix(".po") + ".mo" if name.endswith(".po") else name
        for name in files_below(ROOT / package)
        if not name.endswith(".pot")
    }


def test_the_sdist_has_nothing_of_the_checkout_but_what_is_listed(distributions: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/")[1] for name in archive.getnames() if "/" in name}

    assert {"app", "launcher", "migrations", "pyproject.toml", "PKG-INFO", "LICENSE"} <= names
    assert not names & {".venv", ".env", ".git", "data", "tests", "benchmarks"}


def test_the_metadata_say_what_it_is_and_where_it_runs(wheel: Path) -> None:
    metadata = metadata_of(wheel)
    classifiers = metadata.get_all("Classifier", [])

    assert metadata["Name"] == "postern-server"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Author"] == "The Postern authors"
    assert metadata["Requires-Python"] == ">=3.11"
    for minor in (11, 12, 13):
        assert f"Programming Language :: Python :: 3.{minor}" in classifiers


def test_another_app_stays_importable_in_the_environment(environment: Path, tmp_path: Path) -> None:
    source = "import postern_server, app, migrations; print(app.OWNER, migrations.OWNER)"

    result = run([environment / "python", "-c", source], tmp_path)

    assert result.stdout == "somebody else somebody else\n"


@pytest.mark.parametrize("command", [("postern",), ("python", "-m", "postern_server")])
def test_the_installed_command_serves_the_quick_start_with_two_workers(
    command: tuple[str, ...], environment: Path, elsewhere: Path
) -> None:
    """The supervisor and its workers are processes of their own, which find the code again."""
    installed = (str(environment / command[0]), *command[1:], "serve")
    with serving(elsewhere, command=installed, WORKERS="2") as server:
        walk_the_quick_start(environment, elsewhere, server.url)

        assert "Traceback" not in server.log()
        assert server.terminate() == 0


def test_the_installed_translations_templates_and_styles_are_served(
    environment: Path, elsewhere: Path
) -> None:
    with (
        serving(elsewhere, command=(str(environment / "postern"), "serve")) as server,
        httpx.Client(base_url=server.url, timeout=scaled(30)) as http,
    ):
        page = http.get("/login", headers={"Accept-Language": "de"})
        style = next(part for part in page.text.split('"') if part.endswith(".css"))

        assert '<html lang="de"' in page.text
        assert "Passwort" in page.text
        assert http.get(style).headers["Content-Type"].startswith("text/css")


@contextmanager
def uvicorn_serving(environment: Path, directory: Path) -> Iterator[str]:
    port = free_port()
    command = (str(environment / "uvicorn"), "postern_server:app", "--port", str(port))
    server = Server(directory, (), {"APP_ENV": "development"}, command)
    try:
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, timeout=scaled(30)) as http:
            server.wait_until_it_is_ready(http)
        yield url
    finally:
        server.stop()


def test_uvicorn_serves_the_quick_start_from_the_wheel(environment: Path, elsewhere: Path) -> None:
    with uvicorn_serving(environment, elsewhere) as url:
        walk_the_quick_start(environment, elsewhere, url)


@pytest.mark.parametrize("runner", ["uvx", "pipx"])
def test_it_serves_the_quick_start_without_being_installed(
    runner: str, wheel: Path, environment: Path, elsewhere: Path
) -> None:
    command = {
        "uvx": (str(BIN / "uvx"), "--from", str(wheel), "postern"),
        "pipx": (str(BIN / "pipx"), "run", "--spec", str(wheel), "postern"),
    }[runner]
    variables = {
        **index_variables(),
        "PIPX_HOME": str(elsewhere / "pipx"),
        "PIPX_DEFAULT_PYTHON": sys.executable,
    }
    run([*command, "--version"], elsewhere, **variables)  # downloads, which may take long

    with serving(elsewhere, command=(*command, "serve"), WORKERS="2", **variables) as server:
        walk_the_quick_start(environment, elsewhere, server.url)
