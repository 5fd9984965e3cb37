"""Restoration of loggers that an application changes."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loggers_as_before() -> Iterator[None]:
    """Restore the loggers: an application logs to the current stderr, which the test closes."""
    loggers = [logging.getLogger(name) for name in ("postern", "uvicorn")]
    saved = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagate in saved:
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)
