"""Counts tries in a storage of the library `limits`, by the rules of `app.security.limit_rules`.

`free` is the sliding window of a name, and `hot` is there once it was used up; `block` is there
until the next turn, and `strikes` says how long the turn after that takes. Which of many callers
has a turn is decided by who makes the block.
"""

import hashlib
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from app.security.limit_rules import Count, Rule, Try, room_in

if TYPE_CHECKING:
    from limits.aio.storage import MemoryStorage, RedisStorage

Tries = Sequence[Try]
Undo = Callable[[], Awaitable[None]]
Renew = Callable[[str, int], Awaitable[object]]


class CountsInStorage:
    """`renew` has a key of the storage expire this many seconds from now."""

    def __init__(self, storage: "RedisStorage | MemoryStorage", renew: Renew) -> None:
        self._storage = storage
        self._renew = renew

    async def wait(self, tries: Tries) -> float:
        """The seconds until a try may be made, by what is known without counting it."""
        waits = [
            await self._until_the_end_of(key)
            for _, key in _with_keys(tries)
            if await self._storage.get(key.block)
        ]
        return max(waits, default=0.0)

    async def take(self, tries: Tries, *, is_right: bool, clears: bool) -> float:
        """Counts a try that was made under each rule and key, or, where one of them refuses, under
        that alone. Gives the seconds to wait; zero where all allow it.
        """
        wait = await self.wait(tries)  # a flood at one name takes nothing from the others
        counted: list[Undo] = []
        for rule, key in _with_keys(tries):
            if wait:
                break
            wait, undo = await self._take_one(rule, key, is_right=is_right)
            if undo is not None:
                counted.append(undo)
        if wait or is_right:
            for undo in counted:
                await undo()
        if is_right and clears and not wait:
            for rule, key in _with_keys(tries):
                if rule.is_cleared_by_success:
                    await self._clear(rule, key)
        return wait

    async def forget(self, tries: Tries) -> None:
        for rule, key in _with_keys(tries):
            await self._clear(rule, key)

    async def _take_one(
        self, rule: Rule, key: "_Keys", *, is_right: bool
    ) -> tuple[float, Undo | None]:
        """The seconds to wait; and, where a try was counted, how to undo that."""
        if not rule.longest_delay or not await self._storage.get(key.hot):
            if is_right and await self._has_free_tries(rule, key):
                return 0.0, None
            if not is_right and await self._use_free_try(rule, key):
                return 0.0, lambda: self._take_back(rule, key)
        if not rule.longest_delay:
            wait = await self._room_in(rule, key)
            await self._storage.incr(key.block, math.ceil(wait))
            return wait, None
        strikes = await self._strikes(key)
        delay = math.ceil(rule.delay(strikes + 1))
        await self._storage.incr(key.hot, delay + math.ceil(rule.memory))
        await self._renew(key.hot, delay + math.ceil(rule.memory))
        if await self._storage.incr(key.block, delay) != 1:
            return await self._until_the_end_of(key), None
        # The number before stays in the other key: at no moment is none of them there.
        kept = key.strikes[(strikes + 1) % 2]
        await self._storage.clear(kept)
        await self._storage.incr(kept, delay + math.ceil(rule.memory), amount=strikes + 1)
        if strikes == 0:
            return float(delay), None

        async def undo() -> None:
            await self._storage.clear(kept)
            await self._storage.clear(key.block)

        return 0.0, undo

    async def _use_free_try(self, rule: Rule, key: "_Keys") -> bool:
        if not rule.adds_up:
            return await self._storage.acquire_sliding_window_entry(
                key.free, rule.free, _window(rule)
            )
        memory = math.ceil(rule.memory)
        number = await self._storage.incr(key.free, memory)
        await self._renew(key.free, memory)
        return number <= rule.free

    async def _has_free_tries(self, rule: Rule, key: "_Keys") -> bool:
        if rule.adds_up:
            return await self._storage.get(key.free) < rule.free
        window = _window(rule)
        previous, lasts, current, _ = await self._storage.get_sliding_window(key.free, window)
        return previous * lasts / window + current + 1 <= rule.free

    async def _room_in(self, rule: Rule, key: "_Keys") -> float:
        window = _window(rule)
        previous, lasts, current, _ = await self._storage.get_sliding_window(key.free, window)
        passed = 1.0 - lasts / window if previous else 0.0
        return max(1.0, room_in(rule, Count(current=current, previous=previous), passed=passed))

    async def _take_back(self, rule: Rule, key: "_Keys") -> None:
        if rule.adds_up:
            await self._storage.incr(key.free, math.ceil(rule.memory), amount=-1)
            return
        _, _, current, _ = await self._storage.get_sliding_window(key.free, _window(rule))
        if current > 0:
            await self._storage.acquire_sliding_window_entry(
                key.free, rule.free, _window(rule), amount=-1
            )

    async def _clear(self, rule: Rule, key: "_Keys") -> None:
        if not rule.adds_up:
            await self._storage.clear_sliding_window(key.free, _window(rule))
        for each in (key.free, *key.strikes, key.block, key.hot):
            await self._storage.clear(each)

    async def _strikes(self, key: "_Keys") -> int:
        return max([await self._storage.get(each) for each in key.strikes])

    async def _until_the_end_of(self, key: "_Keys") -> float:
        return max(1.0, await self._storage.get_expiry(key.block) - time.time())


class _Keys:
    """Names are of people and addresses: only their digest is kept."""

    def __init__(self, each: Try) -> None:
        name = _digest(each.rule, each.name)
        turns = _digest(each.rule, each.turns) if each.turns is not None else name
        self.free = f"{name}:free"
        self.hot = f"{name}:hot"
        self.block = f"{turns}:block"
        self.strikes = (f"{turns}:strikes:even", f"{turns}:strikes:odd")


def _digest(rule: Rule, name: str) -> str:
    return hashlib.sha256(f"{rule.name}\x00{name}".encode("utf-8", "surrogatepass")).hexdigest()


def _with_keys(tries: Tries) -> list[tuple[Rule, _Keys]]:
    return [(each.rule, _Keys(each)) for each in tries]


def _window(rule: Rule) -> int:
    """Storages count whole seconds."""
    return max(1, math.ceil(rule.window))
