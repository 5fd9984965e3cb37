"""Reading back what became of a commit has a time limit of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select

from app.database import commits
from app.database.commits import CommitLostError
from app.database.engines import Engines
from app.errors import DatabaseUnavailableError


class SilentEngine:
    """Connects to a server that does not answer."""

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield


@pytest.mark.slow
async def test_reading_back_a_commit_from_an_unresponsive_database_times_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """SECURITY_BAR, fault 4"""
    monkeypatch.setattr(commits, "LEAST_SECONDS", 0.01)
    monkeypatch.setattr(commits, "SECONDS_WITHOUT_DEADLINE", 0.01)
    monkeypatch.setattr(logging.getLogger("postern"), "propagate", True)
    silent: Any = SilentEngine()

    async with asyncio.timeout(30):
        with pytest.raises(DatabaseUnavailableError):
            await commits.find_out(CommitLostError(lambda: select(1)), Engines(silent, silent))

    assert "outcome unknown" in caplog.text
