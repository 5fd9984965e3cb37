"""Batch sizes of deletions, and the pauses between batches."""

from dataclasses import dataclass

BATCH_ROWS = 500
"""Rows of the first batch, and of the smallest."""
MOST_ROWS = 5_000
PAUSE_SECONDS = (0.005, 0.05)
"""Bounds of a pause, which is as long as the batch before it."""


@dataclass(slots=True)
class BatchSize:
    """Size of the batches of one table, which take about `seconds` each."""

    seconds: float
    rows: int = BATCH_ROWS

    def learn(self, seconds: float) -> None:
        """Adjust the size to how long the last batch, a full one, took."""
        if seconds > self.seconds * 1.5:
            self.rows = max(self.rows // 2, BATCH_ROWS)
        elif seconds < self.seconds * 0.5:
            self.rows = min(self.rows * 2, MOST_ROWS)


def pause_after(seconds: float) -> float:
    """Return a pause that leaves requests at least half of the time if batches are short."""
    shortest, longest = PAUSE_SECONDS
    return min(max(seconds, shortest), longest)
