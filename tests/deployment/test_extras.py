"""A setting or a command whose extra is not installed is refused in one line."""

from pathlib import Path

import pytest

from tests.cli.processes import run
from tests.deployment.files import ROOT

REDIS = "redis://localhost:6379/0"


def blocking(directory: Path, module: str) -> str:
    """Return the PYTHONPATH of an environment, and its child processes, without a module."""
    (directory / "sitecustomize.py").write_text(f"import sys; sys.modules[{module!r}] = None\n")
    return f"{directory}:{ROOT}"


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_redis_url_without_the_redis_extra_is_refused(workers: str, tmp_path: Path) -> None:
    path = blocking(tmp_path, "redis")

    refused = run(
        tmp_path, "serve", PYTHONPATH=path, REDIS_URL=REDIS, WORKERS=workers, LOG_LEVEL="ERROR"
    )

    assert refused.returncode == 2
    assert refused.stderr == (
        "postern: REDIS_URL: install the extra that it needs: pip install 'postern-server[redis]'\n"
    )


@pytest.mark.slow
def test_the_demo_without_its_extra_is_refused(tmp_path: Path) -> None:
    path = blocking(tmp_path, "httpx")

    refused = run(tmp_path, "demo", PYTHONPATH=path)

    assert refused.returncode == 2
    assert refused.stderr == (
        "postern: demo: install the extra that it needs: pip install 'postern-server[demo]'\n"
    )
    assert refused.stdout == ""


@pytest.mark.slow
def test_other_commands_need_no_extra(tmp_path: Path) -> None:
    path = f"{blocking(tmp_path, 'httpx')}"
    with (tmp_path / "sitecustomize.py").open("a") as file:
        file.write("sys.modules['redis'] = None\n")

    migrated = run(tmp_path, "migrate", PYTHONPATH=path)

    assert migrated.returncode == 0, migrated.stderr
