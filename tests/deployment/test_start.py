"""How the commands of the deployment files start, in a directory of their own."""

from pathlib import Path

import pytest

from tests.deployment.files import run_python
from tests.support.application import SECRET_KEY

pytestmark = pytest.mark.both_databases

POSTERN = "import sys; from app.cli import main; raise SystemExit(main(sys.argv[1:]))"


@pytest.mark.slow
def test_migrate_needs_no_secret_key_and_creates_none(tmp_path: Path) -> None:
    """The container that migrates may have a read-only disk and none of the server's secrets."""
    result = run_python(POSTERN, tmp_path, "migrate", DATABASE_URL="sqlite:///./postern.db")

    assert result.returncode == 0, result.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name == "secret_key"] == []


def test_a_host_in_the_env_file_decides_between_development_and_production(tmp_path: Path) -> None:
    """CONTRACT: only a loopback address is development by itself.

    Read from the environment alone, `.env` would open a development server to the network.
    """
    (tmp_path / ".env").write_text("HOST=0.0.0.0\nPORT=0\n")

    result = run_python(
        "from app.cli.base import command_settings; print(command_settings().app_env)", tmp_path
    )

    assert "development" not in result.stdout
    assert "SECRET_KEY is required in production" in result.stderr


def test_an_empty_app_env_falls_back_to_flask_env(tmp_path: Path) -> None:
    """An empty value is the same as none, as compose files hand them through."""
    result = run_python(
        "from app.cli.base import command_settings; print(command_settings().app_env)",
        tmp_path,
        APP_ENV="",
        FLASK_ENV="development",
    )

    assert result.stdout == "development\n", result.stderr


@pytest.mark.slow
def test_a_database_that_cannot_be_opened_is_a_one_line_error(tmp_path: Path) -> None:
    """SECURITY_BAR row 48"""
    (tmp_path / "data").write_text("a file where the directory should be")

    result = run_python(
        POSTERN,
        tmp_path,
        "serve",
        PORT="0",
        APP_ENV="production",
        SECRET_KEY=SECRET_KEY,
        ISSUER="https://login.example.com",
    )

    assert result.returncode == 2
    assert result.stderr.startswith("postern: DATABASE_URL: ")
    assert len(result.stderr.splitlines()) == 1, result.stderr
