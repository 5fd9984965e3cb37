"""How many rows a batch of a deletion has, and how long the pause after it is."""

from dataclasses import dataclass

BATCH_ROWS = 500
"""Rows of a first batch, and of the smallest."""
MOST_ROWS = 5_000
SHORT_SECONDS, LONG_SECONDS = 0.008, 0.02
"""A batch that takes less gets more rows; one that takes longer gets fewer."""
PAUSE_SECONDS = (0.005, 0.05)
"""A pause is as long as the batch before it, within these bounds."""


@dataclass(slots=True)
class BatchSize:
    """Batches of one table: about 15 ms each, since on SQLite no token is stored meanwhile."""

    rows: int = BATCH_ROWS

    def learn(self, seconds: float) -> None:
        """Adjust to how long the last batch, a full one, took."""
        if seconds > LONG_SECONDS:
            self.rows = max(self.rows // 2, BATCH_ROWS)
        elif seconds < SHORT_SECONDS:
            self.rows = min(self.rows * 2, MOST_ROWS)


def pause_after(seconds: float) -> float:
    """Leave at least half of the time to requests."""
    shortest, longest = PAUSE_SECONDS
    return min(max(seconds, shortest), longest)
