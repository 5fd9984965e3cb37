"""Working trees of commits, each with an interpreter that imports the code of its tree."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import coverage

ROOT = Path(__file__).parents[2]
PLUGIN = Path(__file__).parent / "plugin" / "mutant_contexts.py"
DEPENDENCIES = ("pyproject.toml", "requirements")


@dataclass(frozen=True)
class Tree:
    """A clone of the repository; commands and servers that its tests start run its code too."""

    root: Path

    @property
    def python(self) -> Path:
        return self.root / ".venv" / "bin" / "python"


def commit_of(ref: str) -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--verify", f"{ref}^{{commit}}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def clone(commit: str, directory: Path) -> Path:
    """Check a commit out, unless an earlier run did, and return the directory."""
    if not (directory / "pyproject.toml").exists():
        quiet = ["git", "clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(directory)]
        subprocess.run(quiet, check=True)
        git = ["git", "-C", str(directory)]
        subprocess.run([*git, "checkout", "--quiet", "--detach", commit], check=True)
    return directory


def packages_for(commit: str, directory: Path) -> Path:
    """Return the site-packages with what a commit needs: ours, or those of a new environment."""
    command = ["git", "-C", str(ROOT), "diff", "--quiet", commit, "--", *DEPENDENCIES]
    if subprocess.run(command, check=False).returncode == 0:
        return Path(sysconfig.get_path("purelib"))
    clone(commit, directory)
    subprocess.run(
        ["make", "--quiet", f"PYTHON={sys.executable}", ".venv/.dev"],
        cwd=directory,
        env=_outside_of_environments(),
        check=True,
    )
    pip = [str(directory / ".venv/bin/python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, f"coverage=={coverage.__version__}"], check=True)
    return _packages_in(directory / ".venv")


def with_interpreter(directory: Path, packages: Path) -> Tree:
    """Give a working tree an interpreter of its own that uses these packages."""
    environment = directory / ".venv"
    venv.create(environment, symlinks=True, with_pip=False)
    own = _packages_in(environment)
    first = [str(directory), str(directory / "launcher")]
    rest = f"import site; site.addsitedir({str(packages)!r})"
    (own / "tree.pth").write_text("\n".join([*first, rest, ""]))
    shutil.copy(PLUGIN, own)
    _copy_commands(packages.parents[2] / "bin", environment / "bin")
    return Tree(directory)


def _packages_in(environment: Path) -> Path:
    return next(environment.glob("lib/python*/site-packages"))


def _copy_commands(origin: Path, target: Path) -> None:
    """Give the tree the commands of the environment, run by the interpreter of the tree."""
    for path in sorted(origin.iterdir()):
        if path.is_dir() or (target / path.name).exists():
            continue
        content = path.read_bytes()
        if content.startswith(b"#!" + bytes(origin)):
            own = re.sub(rb"^#!\S+", b"#!" + bytes(target / "python"), content, count=1)
            (target / path.name).write_bytes(own)
            (target / path.name).chmod(0o755)
        else:
            (target / path.name).symlink_to(path)


def _outside_of_environments() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
