"""Which tests run which line: one run of the tests under coverage, each test its own context."""

import json
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import coverage

from tools.mutants.mutations import Mutant
from tools.mutants.trees import Tree

FAILED = re.compile(r"^(?:FAILED|ERROR) (tests/\S+?\.py(?:::.+?)?)(?: - .*)?$", re.MULTILINE)
CONFIGURATION = """\
[run]
source_dirs = {sources}
concurrency = thread,greenlet
data_file = {data}
parallel = true
patch = subprocess,execv
sigterm = true
disable_warnings = no-data-collected
"""


class Covering:
    """The tests of a tree by the lines that they run; without those that fail."""

    def __init__(self, tree: Tree, directory: Path) -> None:
        self._tree = tree
        self._data_file = directory / "data"
        self._failed_file = directory / "failed.json"

    def measure(
        self, packages: Iterable[str], *, marks: str, workers: int, tests: list[str]
    ) -> None:
        """Run the tests, unless an earlier run did."""
        if self._failed_file.exists():
            return
        directory = self._data_file.parent
        directory.mkdir(parents=True, exist_ok=True)
        configuration = directory / "coveragerc"
        sources = ",".join(str(self._tree.root / package) for package in packages)
        configuration.write_text(CONFIGURATION.format(sources=sources, data=self._data_file))
        run_coverage = [str(self._tree.python), "-m", "coverage"]
        settings = [f"--rcfile={configuration}"]
        pytest = ["-p", "mutant_contexts", "-q", "-rfE", "--tb=no", "-n", str(workers), "-m", marks]
        result = subprocess.run(
            [*run_coverage, "run", *settings, "-m", "pytest", *pytest, *tests],
            cwd=self._tree.root,
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if result.returncode not in (0, 1):
            raise RuntimeError(f"the tests did not run:\n{result.stdout}")
        subprocess.run(
            [*run_coverage, "combine", "--quiet", *settings], cwd=self._tree.root, check=True
        )
        self._failed_file.write_text(json.dumps(failed_in(result.stdout)))

    def failed(self) -> list[str]:
        failed: list[str] = json.loads(self._failed_file.read_text())
        return failed

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that run the lines of a mutant, or else those of its statement."""
        data = coverage.CoverageData(str(self._data_file))
        data.read()
        contexts = data.contexts_by_lineno(str(self._tree.root / mutant.path))
        for lines in (mutant.lines, mutant.statement_lines):
            tests = {test for line in lines for test in contexts.get(line, [])}
            if tests - {""}:
                return sorted(tests - {"", *self.failed()})
        return []


def failed_in(output: str) -> list[str]:
    """Return the tests that pytest's summary reports as failed."""
    return FAILED.findall(output)


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a run of tests; a measurement of this program ends here."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return {**own, **variables}
