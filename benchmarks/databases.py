"""Temporary empty databases for measurements."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.databases import create_database, drop_database
from tests.support.postgresql import running_postgresql


@contextmanager
def new_database(directory: Path, kind: str) -> Iterator[str]:
    """Yield the URL of an empty database; PostgreSQL runs in its own server."""
    if kind == "sqlite":
        yield f"sqlite:///{directory / 'bench.db'}"
        return
    with running_postgresql() as server_url:
        url = asyncio.run(create_database(server_url))
        try:
            yield url
        finally:
            asyncio.run(drop_database(server_url, url))
