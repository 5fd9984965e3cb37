"""Loggers of applications that run in a test."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loggers_as_before() -> Iterator[None]:
    """An application writes to the standard error of its time, which ends with the test."""
    loggers = [logging.getLogger(name) for name in ("postern", "uvicorn")]
    before = [(each, each.handlers[:], each.level, each.propagate) for each in loggers]
    yield
    for each, handlers, level, propagate in before:
        each.handlers[:], each.propagate = handlers, propagate
        each.setLevel(level)
