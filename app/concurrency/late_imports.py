"""Import rarely needed modules in a thread, so that the event loop is not blocked."""

import asyncio
import importlib
import sys


async def imported(*names: str) -> None:
    """Return once these modules can be imported without waiting."""
    missing = [name for name in names if not _is_imported(name)]
    if missing:
        await asyncio.to_thread(_import, missing)


def _is_imported(name: str) -> bool:
    """Return whether the import of a module is complete.

    Another thread may still be importing it: then an import here would wait for that thread.
    """
    module = sys.modules.get(name)
    return module is not None and not getattr(module.__spec__, "_initializing", False)


def _import(names: list[str]) -> None:
    for name in names:
        importlib.import_module(name)
