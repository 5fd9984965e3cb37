"""New databases for tests, copied from migrated templates."""

import asyncio
import os
import shutil
from pathlib import Path

import asyncpg

from app.database import migrations
from app.settings import Settings
from app.wiring import make_backend
from tests.support.postgresql import new_database_name, with_database

KINDS = ("sqlite", "postgresql")
SERVER_VARIABLE = "POSTERN_TESTS_SERVER"
TEMPLATE_VARIABLE = "POSTERN_TESTS_TEMPLATE"


def migrate_template(url: str) -> None:
    """Migrate an empty database to the schema of this release."""

    async def run() -> None:
        backend = make_backend(Settings(database_url=url, app_env="development"))
        await migrations.migrate(backend)
        await backend.close()

    asyncio.run(run())


async def create_database(server_url: str, *, template: str | None = None) -> str:
    """Create a database on the server and return its URL."""
    name = new_database_name()
    connection = await asyncpg.connect(server_url)
    try:
        copy = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        await connection.execute(f"CREATE DATABASE {name}{copy}")
    finally:
        await connection.close()
    return with_database(server_url, name)


async def drop_database(server_url: str, url: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        name = url.rpartition("/")[2].partition("?")[0]
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await connection.close()


class Databases:
    """A factory of migrated databases of either kind."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._template = directory / "template.db"
        self._count = 0
        self._made: list[str] = []
        self.server_url = os.environ[SERVER_VARIABLE]

    async def migrated(self, kind: str) -> str:
        """Return the URL of a new database with our schema and no rows."""
        if kind == "postgresql":
            url = await create_database(self.server_url, template=os.environ[TEMPLATE_VARIABLE])
            self._made.append(url)
            return url
        if not self._template.exists():
            await asyncio.to_thread(migrate_template, f"sqlite:///{self._template}")
        self._count += 1
        path = self._directory / f"{self._count}.db"
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    async def empty(self, kind: str) -> str:
        """Return the URL of a new database without a schema."""
        if kind == "postgresql":
            url = await create_database(self.server_url)
            self._made.append(url)
            return url
        self._count += 1
        return f"sqlite:///{self._directory / f'{self._count}.db'}"

    async def drop_all(self) -> None:
        for url in self._made:
            await drop_database(self.server_url, url)
