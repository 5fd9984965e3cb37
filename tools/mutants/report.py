"""The result of the mutants: a table, the totals, and the diff of each that no test killed."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.report import table
from tools.mutants.mutations import Mutant
from tools.mutants.trials import Outcome


def lines_of(
    root: Path, mutants: Sequence[Mutant], outcomes: Mapping[str, Sequence[Outcome]]
) -> Iterator[str]:
    """Yield the lines of the report; the outcomes are those of each commit, the last one ours."""
    ours = list(outcomes.values())[-1]
    head = ["", "where", "mutation"]
    for ref in outcomes:
        head += [f"tests at {ref}", "result"]
    head.append("killed by")
    rows = [
        [
            str(number),
            mutant.place,
            mutant.change.operator,
            *(text for each in each_outcome for text in (str(each.tests), each.result)),
            each_outcome[-1].killed_by,
        ]
        for number, (mutant, *each_outcome) in enumerate(
            zip(mutants, *outcomes.values(), strict=True), start=1
        )
    ]
    yield table(head, rows)
    yield ""
    yield from (total_of(ref, each) for ref, each in outcomes.items())
    for mutant, outcome in zip(mutants, ours, strict=True):
        if not outcome.is_killed:
            yield f"\n{outcome.result}: {mutant.place}: {mutant.change.operator}"
            yield diff_of(root, mutant)


def total_of(ref: str, outcomes: Sequence[Outcome]) -> str:
    killed = killed_in(outcomes)
    count = Counter(outcome.result for outcome in outcomes)
    return (
        f"{ref}: {killed} of {len(outcomes)} killed ({count['timeout']} of them by a time-out),"
        f" {count['survived']} survived, {count['no test']} without a test"
    )


def killed_in(outcomes: Sequence[Outcome]) -> int:
    return sum(outcome.is_killed for outcome in outcomes)


def diff_of(root: Path, mutant: Mutant) -> str:
    source = (root / mutant.path).read_bytes()
    before, after = (
        text.decode().splitlines(keepends=True) for text in (source, mutant.change.apply_to(source))
    )
    return "".join(difflib.unified_diff(before, after, mutant.path, mutant.path, n=2))
