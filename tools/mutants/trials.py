"""Run a mutant: change a tree, run the tests, and put the tree back as it was."""

import contextlib
import hashlib
import importlib.util
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from tools.mutants.covering import environment, failed_in
from tools.mutants.mutations import Mutant
from tools.mutants.trees import Tree

Result = Literal["killed", "timeout", "survived", "no test"]

SAMPLE = 40
START_SECONDS = 120
SECONDS_OF_A_TEST = 5
NO_TESTS_COLLECTED = 5


@dataclass(frozen=True)
class Outcome:
    result: Result
    tests: int
    """Number of the tests that cover the mutant."""
    killed_by: str = ""

    @property
    def is_killed(self) -> bool:
        return self.result in ("killed", "timeout")


class Trials:
    """Mutants of one tree, one after the other."""

    def __init__(self, tree: Tree, directory: Path, database_url: str, *, patience: int) -> None:
        self._tree = tree
        self._directory = directory
        self._database_url = database_url
        self._patience = patience

    def check(self, tests: Sequence[str]) -> None:
        """Raise `RuntimeError` unless tests pass without a mutant."""
        result, output = self._run(tests)
        if result != "survived":
            raise RuntimeError(f"tests fail without a mutant:\n{output}")

    def try_out(self, mutant: Mutant, tests: Sequence[str]) -> Outcome:
        """Run a sample of the tests first, and the others if all of the sample pass."""
        if not tests:
            return Outcome("no test", 0)
        sample = set(sorted(tests, key=_digest)[:SAMPLE])
        parts = [[test for test in tests if (test in sample) is wanted] for wanted in (True, False)]
        with self._mutated(mutant):
            for part in filter(None, parts):
                result, output = self._run(part)
                if result != "survived":
                    return Outcome(result, len(tests), next(iter(failed_in(output)), ""))
        return Outcome("survived", len(tests))

    @contextmanager
    def _mutated(self, mutant: Mutant) -> Iterator[None]:
        path = self._tree.root / mutant.path
        compiled = Path(importlib.util.cache_from_source(str(path)))
        source = path.read_bytes()
        try:
            path.write_bytes(mutant.change.apply_to(source))
            compiled.unlink(missing_ok=True)
            yield
        finally:
            path.write_bytes(source)
            compiled.unlink(missing_ok=True)

    def _run(self, tests: Sequence[str]) -> tuple[Result, str]:
        selection = self._directory / "tests.txt"
        selection.write_text("\n".join(tests))
        options = ["-n", "0", "-x", "-q", "-rfE", "--tb=line", "-p", "no:cacheprovider"]
        options.append(f"--basetemp={self._directory / 'temporary'}")
        limits = ["faulthandler_exit_on_timeout=true", f"faulthandler_timeout={self._patience}"]
        for limit in limits:
            options += ["-o", limit]
        command = [str(self._tree.python), "-m", "pytest", *options, f"@{selection}"]
        log = self._directory / "output.txt"
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=self._tree.root,
                env=environment(TEST_DATABASE_URL=self._database_url),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            try:
                code = process.wait(START_SECONDS + SECONDS_OF_A_TEST * len(tests))
            except subprocess.TimeoutExpired:
                code = None
            finally:
                self._end_processes()
        return _result_of(code, log.read_text()), log.read_text()

    def _end_processes(self) -> None:
        """Kill the test process and the servers that it has left behind, if they still run."""
        for process in psutil.process_iter(["cmdline"]):
            if process.info["cmdline"] and process.info["cmdline"][0] == str(self._tree.python):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


def _result_of(code: int | None, output: str) -> Result:
    if code is None:
        return "timeout"
    if code == 0:
        return "survived"
    if code == NO_TESTS_COLLECTED:
        raise RuntimeError(f"no test ran:\n{output}")
    return "timeout" if "Timeout (" in output else "killed"


def _digest(test: str) -> bytes:
    return hashlib.sha256(test.encode()).digest()
