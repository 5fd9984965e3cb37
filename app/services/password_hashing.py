"""Argon2id in a bounded pool of threads of its own, so that logins never starve the event loop."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from app.errors import OverloadedError
from app.security.passwords import MAXIMUM_LENGTH, PasswordScheme
from app.security.tokens import new_identifier

Result = TypeVar("Result")

NICENESS = 5


class PasswordHashing:
    """Hashes and verifies passwords; raises `OverloadedError` where too many are waiting."""

    def __init__(self, scheme: PasswordScheme, *, threads: int, queue: int) -> None:
        self._scheme = scheme
        self._executor = ThreadPoolExecutor(
            threads, thread_name_prefix="passwords", initializer=_step_back
        )
        self._free_places = threads + queue
        self._dummy_hash: str | None = None

    async def hash(self, password: str) -> str:
        return await self.run(self._scheme.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Without a hash it takes as long and is False, so that nobody can tell who exists."""
        if len(password) > MAXIMUM_LENGTH:
            return False  # the length is the caller's own knowledge, so its timing tells nothing
        return await self.run(self._verify, password, password_hash)

    def is_outdated(self, password_hash: str) -> bool:
        return self._scheme.is_outdated(password_hash)

    async def run(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Runs something that takes its time in the same threads."""
        if self._free_places <= 0:
            raise OverloadedError
        self._free_places -= 1
        future = asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)
        future.add_done_callback(self._leave)
        return await asyncio.shield(future)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _leave(self, future: "asyncio.Future[Result]") -> None:
        self._free_places += 1
        if not future.cancelled():
            future.exception()  # a caller who went away does not turn it into a warning

    def _verify(self, password: str, password_hash: str | None) -> bool:
        if password_hash is not None:
            return self._scheme.verify(password, password_hash)
        if self._dummy_hash is None:
            self._dummy_hash = self._scheme.hash(new_identifier())
        self._scheme.verify(password, self._dummy_hash)
        return False


def _step_back() -> None:
    """Lets the event loop go first where both want a core (on Linux, niceness is by thread)."""
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
