"""SIGHUP is a request to reload, unless it means that the terminal was closed."""

import os

STANDARD_INPUT = 0


class Terminal:
    """The terminal in which the server was started, if any."""

    def __init__(self) -> None:
        self._was_there = os.isatty(STANDARD_INPUT)

    def is_lost(self) -> bool:
        return self._was_there and not os.isatty(STANDARD_INPUT)
