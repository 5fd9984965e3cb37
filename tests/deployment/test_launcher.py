"""`postern_server` in a checkout: it finds the application, and refuses another `app`."""

from pathlib import Path

import pytest

from tests.deployment.files import ROOT, run_python

LAUNCHER = str(ROOT / "launcher")


def make_foreign_package(directory: Path, name: str) -> None:
    (directory / name).mkdir()
    (directory / name / "__init__.py").write_text("OWNER = 'somebody else'\n")


def test_importing_the_launcher_leaves_the_path_and_other_packages_alone(tmp_path: Path) -> None:
    make_foreign_package(tmp_path, "app")

    result = run_python(
        "import sys; before = list(sys.path); import postern_server;"
        " assert sys.path == before; assert 'app' not in sys.modules;"
        " import app; print(app.OWNER)",
        tmp_path,
        PYTHONPATH=LAUNCHER,
    )

    assert result.stdout == "somebody else\n", result.stderr


def test_the_launcher_runs_the_command_of_the_checkout_beside_another_app(tmp_path: Path) -> None:
    make_foreign_package(tmp_path, "app")

    result = run_python(
        "import sys, postern_server; sys.exit(postern_server.main())",
        tmp_path,
        "serve",
        "--help",
        PYTHONPATH=LAUNCHER,
    )

    assert result.returncode == 0, result.stderr
    assert "postern serve" in result.stdout


@pytest.mark.parametrize("name", ["app", "migrations"])
def test_the_command_refuses_in_one_line_once_another_package_is_imported(
    name: str, tmp_path: Path
) -> None:
    make_foreign_package(tmp_path, name)

    result = run_python(
        f"import sys, {name}, postern_server; sys.exit(postern_server.main())",
        tmp_path,
        "serve",
        PYTHONPATH=LAUNCHER,
    )

    assert result.returncode == 2
    assert result.stderr == (
        f"postern: this process has already imported another package named '{name}'"
        f" ({tmp_path / name}): run Postern in a process of its own\n"
    )


def test_a_module_of_that_name_is_refused_like_a_package(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("OWNER = 'somebody else'\n")

    result = run_python(
        "import sys, app, postern_server; sys.exit(postern_server.main())",
        tmp_path,
        "serve",
        PYTHONPATH=LAUNCHER,
    )

    assert result.returncode == 2
    assert str(tmp_path / "app.py") in result.stderr


def test_the_asgi_entry_is_refused_with_the_same_sentence(tmp_path: Path) -> None:
    make_foreign_package(tmp_path, "app")

    result = run_python(
        "import app\nfrom postern_server import app as application",
        tmp_path,
        PYTHONPATH=LAUNCHER,
    )

    last_line = result.stderr.splitlines()[-1]
    assert last_line.startswith("ImportError: this process has already imported another package")


def test_the_launcher_accepts_the_application_that_is_already_imported(tmp_path: Path) -> None:
    result = run_python(
        "import sys, app, migrations, postern_server; sys.exit(postern_server.main())",
        tmp_path,
        "serve",
        "--help",
        PYTHONPATH=f"{ROOT}:{LAUNCHER}",
    )

    assert result.returncode == 0, result.stderr


def test_the_launcher_has_no_other_attributes() -> None:
    import postern_server

    assert not hasattr(postern_server, "application")
