"""The commit that `make bench` measured last, with which continuous integration compares."""

import subprocess

from benchmarks.servers import ROOT

RECORD = ROOT / "benchmarks" / "measured_commit"


def write() -> str:
    """Record the commit of this checkout and return it."""
    commit = _git("rev-parse", "HEAD")
    RECORD.write_text(f"{commit}\n")
    return commit


def read() -> str | None:
    """Return the recorded commit, or None before the first complete `make bench`."""
    return RECORD.read_text().strip() if RECORD.exists() else None


def is_in_history(commit: str) -> bool:
    """Return False in a checkout without that commit, such as a shallow one or an archive."""
    try:
        _git("cat-file", "-e", f"{commit}^{{commit}}")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _git(*arguments: str) -> str:
    process = subprocess.run(
        ["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True
    )
    return process.stdout.strip()
