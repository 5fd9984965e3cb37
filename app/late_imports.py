"""Imports of what few servers need, in a thread, so that the event loop goes on meanwhile."""

import asyncio
import importlib
import sys


async def imported(*names: str) -> None:
    """Return when these modules can be imported without waiting."""
    missing = [name for name in names if not _is_imported(name)]
    if missing:
        await asyncio.to_thread(_import, missing)


def _is_imported(name: str) -> bool:
    """Another thread may be at it: then importing it here would wait for that one."""
    module = sys.modules.get(name)
    return module is not None and not getattr(module.__spec__, "_initializing", False)


def _import(names: list[str]) -> None:
    for name in names:
        importlib.import_module(name)
