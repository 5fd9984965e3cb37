"""Log records of refused requests."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NAME = "postern.observability.refusals"


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def one(self, request_id: str) -> Any:
        """Return the only record of a request."""
        matching = [record for record in self.records if record.request_id == request_id]
        assert len(matching) == 1, matching
        return matching[0]


@contextmanager
def recorded_refusals() -> Iterator[Records]:
    logger, handler = logging.getLogger(NAME), Records()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
