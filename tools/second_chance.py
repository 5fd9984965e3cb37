"""Run a pytest command, and run the few tests that failed once more, one after the other.

    python -m tools.second_chance pytest -m "not slow"

A test that fails twice fails the command. One that passes the second time is printed as
`unstable: <test>`: it is a fault to repair. The tests run once only if more than `MOST` failed, or
if pytest ended with anything but failed tests, such as an error of collection.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

MOST = 10
TESTS_FAILED = 1
"""The exit code of pytest that says that tests failed, and nothing else."""


def main(command: Sequence[str]) -> int:
    if not command:
        print("usage: python -m tools.second_chance PYTEST [ARGUMENT …]", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as directory:
        return run(command, Path(directory))


def run(command: Sequence[str], cache: Path) -> int:
    """Run a command with a cache of its own, whose list of failed tests is that of this run."""
    with_cache = [*command, "-o", f"cache_dir={cache}"]
    code = subprocess.call(with_cache)
    failed = failed_tests(cache)
    if code != TESTS_FAILED or not 0 < len(failed) <= MOST or not all(map(is_test, failed)):
        return code
    print(f"{len(failed)} failed; running them once more, alone", flush=True)
    code = subprocess.call([*with_cache, "--last-failed", "--last-failed-no-failures=none", "-n0"])
    if code not in (0, TESTS_FAILED):
        return code
    still_failed = failed_tests(cache)
    for test in sorted(failed - still_failed):
        print(f"unstable: {test}", flush=True)
    return TESTS_FAILED if still_failed else code


def failed_tests(cache: Path) -> set[str]:
    """Return the tests that failed the last time they ran, and the files that were not imported."""
    path = cache / "v" / "cache" / "lastfailed"
    return set(json.loads(path.read_text())) if path.exists() else set()


def is_test(node_id: str) -> bool:
    """Return whether it is a test, not a file: with workers, an error of collection may exit 1."""
    return "::" in node_id


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
