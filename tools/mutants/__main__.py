"""`python -m tools.mutants`: print which mutants of a commit its tests kill.

The mutants are chosen by a seed. With `--ref` they are chosen among those that two commits have in
common, and the tests of both try them. Nothing is changed in this checkout: what is not committed
takes no part.
"""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.postgresql import running_postgresql
from tools.mutants.report import diff_of, killed_in, lines_of
from tools.mutants.selection import choose
from tools.mutants.side import Plan, Side


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("--ref", help="compare with the tests of this commit")
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--slow", action="store_true", help="use the slow tests too")
    parser.add_argument("--workers", type=int, default=2, help="mutants at the same time")
    parser.add_argument("--patience", type=int, default=60, help="seconds that a test may take")
    parser.add_argument("--workspace", type=Path, help="keep results here, and continue from them")
    parser.add_argument("--list", action="store_true", help="print the mutants without trying them")
    parser.add_argument("tests", nargs="*", default=["tests"], help="use these tests only")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    plan = Plan(
        workers=options.workers,
        includes_slow=options.slow,
        tests=options.tests,
        patience=options.patience,
    )
    with contextlib.ExitStack() as stack:
        workspace = options.workspace or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-mutants-"))
        )
        refs = [options.ref, "HEAD"] if options.ref else ["HEAD"]
        sides = [Side(ref, workspace.absolute(), plan) for ref in refs]
        ours = sides[-1]
        common = set.intersection(*(set(side.candidates) for side in sides))
        candidates = [ours.candidates[key] for key in common]
        mutants = choose(ours.root, candidates, seed=options.seed, count=options.count)
        if options.list:
            for mutant in mutants:
                print(f"{mutant.place}: {mutant.change.operator}\n{diff_of(ours.root, mutant)}")
            return 0
        database_url = stack.enter_context(running_postgresql(durable=False))
        keys = [mutant.key for mutant in mutants]
        outcomes = {side.ref: side.run(keys, database_url) for side in sides}
        for line in lines_of(ours.root, mutants, outcomes):
            print(line)
    killed = [killed_in(each) for each in outcomes.values()]
    return 1 if killed[-1] < killed[0] else 0


if __name__ == "__main__":
    sys.exit(main())
