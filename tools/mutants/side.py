"""One commit whose tests try the mutants."""

import json
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

from tools.mutants.covering import Covering
from tools.mutants.mutations import Mutant
from tools.mutants.selection import PACKAGES, candidates_in
from tools.mutants.trees import clone, commit_of, packages_for, with_interpreter
from tools.mutants.trials import Outcome, Trials

TESTS_OF_THE_CHECK = 5


@dataclass(frozen=True)
class Plan:
    """How the tests are run."""

    workers: int
    includes_slow: bool
    tests: list[str]
    patience: int


class Side:
    """A commit in a directory, where results are kept: an interrupted run can be continued."""

    def __init__(self, ref: str, workspace: Path, plan: Plan) -> None:
        self.ref = ref
        self._commit = commit_of(ref)
        self._directory = workspace / self._commit[:12]
        self._plan = plan
        self._results_file = self._directory / "results.json"
        self._lock = Lock()
        self.root = clone(self._commit, self._directory / "tree")
        self.candidates = candidates_in(self.root)

    def run(self, keys: Sequence[str], database_url: str) -> list[Outcome]:
        """Try the mutants with these keys, in the same order."""
        packages = packages_for(self._commit, self._directory / "packages")
        tree = with_interpreter(self.root, packages)
        covering = Covering(tree, self._directory / "coverage")
        print(f"{self.ref}: which tests run which lines", flush=True)
        covering.measure(
            PACKAGES, marks=self._marks(), workers=self._plan.workers, tests=self._plan.tests
        )
        if failed := covering.failed():
            print(f"{self.ref}: left out, because they fail under coverage: {', '.join(failed)}")
        mutants = [self.candidates[key] for key in keys]
        tests = [covering.tests_of(mutant) for mutant in mutants]
        idle: SimpleQueue[Trials] = SimpleQueue()
        for number in range(self._plan.workers):
            idle.put(self._trials(number, packages, database_url))
        self._check(idle, tests)

        def try_out(mutant: Mutant, covered_by: list[str]) -> Outcome:
            return self._try_out(idle, mutant, covered_by)

        with ThreadPoolExecutor(self._plan.workers) as pool:
            return list(pool.map(try_out, mutants, tests))

    def _marks(self) -> str:
        """Return which tests to run; a commit from before the mark `slow` runs all of them."""
        configuration = tomllib.loads((self.root / "pyproject.toml").read_text("utf-8"))
        marks = configuration["tool"]["pytest"]["ini_options"]["markers"]
        has_slow = any(mark.startswith("slow:") for mark in marks)
        is_fast = has_slow and not self._plan.includes_slow
        return "not slow and not timing" if is_fast else "not timing"

    def _trials(self, number: int, packages: Path, database_url: str) -> Trials:
        directory = self._directory / f"copy-{number}"
        tree = with_interpreter(clone(self._commit, directory / "tree"), packages)
        return Trials(tree, directory, database_url, patience=self._plan.patience)

    def _check(self, idle: "SimpleQueue[Trials]", tests: Sequence[list[str]]) -> None:
        first = next(filter(None, tests), [])
        trials = idle.get()
        if first:
            trials.check(first[:TESTS_OF_THE_CHECK])
        idle.put(trials)

    def _try_out(
        self, idle: "SimpleQueue[Trials]", mutant: Mutant, covered_by: list[str]
    ) -> Outcome:
        with self._lock:
            outcome = self._results().get(mutant.key)
        if outcome is None:
            trials = idle.get()
            try:
                outcome = trials.try_out(mutant, covered_by)
            finally:
                idle.put(trials)
            self._keep(mutant, outcome)
        line = f"{self.ref}: {mutant.place}: {mutant.change.operator}: {outcome.result}\n"
        print(line, end="", flush=True)
        return outcome

    def _results(self) -> dict[str, Outcome]:
        if not self._results_file.exists():
            return {}
        kept = json.loads(self._results_file.read_text())
        return {key: Outcome(**outcome) for key, outcome in kept.items()}

    def _keep(self, mutant: Mutant, outcome: Outcome) -> None:
        with self._lock:
            results = {**self._results(), mutant.key: outcome}
            kept = {key: asdict(each) for key, each in results.items()}
            self._results_file.write_text(json.dumps(kept, indent=1))
