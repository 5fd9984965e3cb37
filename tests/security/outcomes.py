"""A plugin of pytest that writes how often each test passed, failed and was skipped to a file."""

import json
import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

FILE_VARIABLE = "POSTERN_TEST_OUTCOMES"

_outcomes: dict[str, Counter[str]] = defaultdict(Counter)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Of the phases of a test its call counts, and whatever did not pass."""
    if report.when == "call" or not report.passed:
        _outcomes[report.nodeid.partition("[")[0]][report.outcome] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        Path(os.environ[FILE_VARIABLE]).write_text(json.dumps(_outcomes))
