"""Requests that can be sent only once."""

from collections.abc import Callable
from math import ceil

MOST_A_SECOND = 5_000
"""A round for which this is too little ends earlier, which does not change its figures."""


class Supply:
    """Requests to send once each; `make` makes more of them between two rounds."""

    def __init__(self, make: Callable[[], list[str]]) -> None:
        self._make = make
        self._requests: list[str] = []

    def take(self, *, connections: int, seconds: float) -> list[str]:
        """Return enough requests for a round."""
        count = ceil(seconds * MOST_A_SECOND) + connections
        while len(self._requests) < count:
            self._requests += self._make()
        taken, self._requests = self._requests[:count], self._requests[count:]
        return taken

    def put_back(self, unsent: list[str]) -> None:
        self._requests += unsent
