"""Results of a procedure, as a row of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

HEAD = (
    "procedure", "database", "acknowledged", "refused", "lost", "cut", "longest wait", "bound",
    "longest probe", "result", "remarks",
)  # fmt: skip


@dataclass(slots=True)
class Entry:
    """`lost` counts what was acknowledged and is missing, or was consumed twice.

    `cut` counts connections that ended without a complete response to a sent request; None if
    the procedure cuts them itself. `unreachable` counts failed attempts to connect where none may
    fail. `may_refuse` is false if no request may get a 503 before its time limit.
    Waits are in seconds, and `longest_waits` has one for each path or grant. A `time_limit` of None
    is not checked.
    """

    procedure: str
    database: str
    acknowledged: int = 0
    refused: int = 0
    refused_early: int = 0
    lost: int = 0
    cut: int | None = None
    unreachable: int = 0
    may_refuse: bool = True
    longest_waits: dict[str, float] = field(default_factory=dict)
    longest_probe: float = 0.0
    time_limit: float | None = None
    remarks: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def longest_wait(self) -> float:
        return max(self.longest_waits.values(), default=0.0)

    @property
    def bound(self) -> float | None:
        """Return the longest allowed wait: a request's deadline, and this machine's response time.

        A request passes the machine's queues a few times, a probe once.
        """
        if self.time_limit is None:
            return None
        return self.time_limit + 1 + max(1.0, 3 * self.longest_probe)

    def note_waits(self, waits: Mapping[str, float]) -> None:
        """Record the longest waits of a load."""
        for kind, seconds in waits.items():
            self.longest_waits[kind] = max(self.longest_waits.get(kind, 0.0), seconds)

    def lose(self, losses: Sequence[str]) -> None:
        """Record losses; the remarks name some of them."""
        self.lost += len(losses)
        self.remarks += sorted(set(losses))[:3]

    def judge(self) -> None:
        """Record the conditions that failed."""
        if self.lost:
            self.failures.append(f"{self.lost} lost")
        if self.cut:
            self.failures.append(f"{self.cut} cut")
        if self.unreachable:
            self.failures.append(f"{self.unreachable} could not connect")
        if self.refused_early and not self.may_refuse:
            self.failures.append(f"{self.refused_early} refused at once")
        if self.bound is not None and self.longest_wait > self.bound:
            self.failures.append(f"waited longer than {self.bound:.1f} s")
        if not self.acknowledged:
            self.failures.append("nothing was acknowledged")

    def cells(self) -> Sequence[str]:
        waits = ", ".join(
            f"{kind} {seconds:.1f} s"
            for kind, seconds in sorted(self.longest_waits.items(), key=itemgetter(1), reverse=True)
        )
        return (
            self.procedure,
            self.database,
            f"{self.acknowledged:,}",
            f"{self.refused:,}",
            str(self.lost),
            "-" if self.cut is None else str(self.cut),
            f"{self.longest_wait:.1f} s",
            "-" if self.bound is None else f"{self.bound:.1f} s",
            f"{self.longest_probe:.1f} s",
            "failed" if self.failures else "passed",
            "; ".join([*self.failures, *self.remarks, f"longest waits: {waits or 'none'}"]),
        )


def table(entries: Sequence[Entry]) -> str:
    """Return the ledger in Markdown."""
    lines = [HEAD, ["---"] * len(HEAD), *(entry.cells() for entry in entries)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
