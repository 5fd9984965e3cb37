"""How many rows a batch of a deletion has, and how long the pause after it is."""

from dataclasses import dataclass

BATCH_ROWS = 500
"""Rows of a first batch, and of the smallest."""
MOST_ROWS = 5_000
PAUSE_SECONDS = (0.005, 0.05)
"""A pause is as long as the batch before it, within these bounds."""


@dataclass(slots=True)
class BatchSize:
    """Batches of one table, which take about `seconds` each."""

    seconds: float
    rows: int = BATCH_ROWS

    def learn(self, seconds: float) -> None:
        """Adjust to how long the last batch, a full one, took."""
        if seconds > self.seconds * 1.5:
            self.rows = max(self.rows // 2, BATCH_ROWS)
        elif seconds < self.seconds * 0.5:
            self.rows = min(self.rows * 2, MOST_ROWS)


def pause_after(seconds: float) -> float:
    """Leave at least half of the time to requests where batches are short."""
    shortest, longest = PAUSE_SECONDS
    return min(max(seconds, shortest), longest)
