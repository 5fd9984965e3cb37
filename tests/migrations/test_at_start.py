"""Who brings the schema up to date: the server itself, except on PostgreSQL in production."""

from pathlib import Path

import pytest

from app.database import migrations
from app.database.backends import Backend
from app.database.revisions import newest_revision
from app.startup_errors import StartupError
from app.wiring.preparation import prepare_database
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.parts import running_services
from tests.support.server import run_postern, running_server

ISSUER = "https://login.example.com"
SECRET = "xK9-4hT_2vQ8sLw6Zb3Nf7Rj5Yp1Md0GcUeAiOtHk"
PRODUCTION = {"APP_ENV": "production", "SECRET_KEY": SECRET, "ISSUER": ISSUER}


@pytest.fixture(params=[None, False, True], ids=["unset", "off", "on"])
def migrate_on_start(request: pytest.FixtureRequest) -> bool | None:
    value: bool | None = request.param
    return value


async def test_the_schema_is_migrated_at_start_if_configured(
    backend: Backend, empty_url: str, database_kind: str, migrate_on_start: bool | None
) -> None:
    is_wanted = migrate_on_start
    if is_wanted is None:
        is_wanted = database_kind == "sqlite"
    settings = {
        "app_env": "production",
        "secret_key": SECRET,
        "issuer": ISSUER,
        "migrate_on_start": migrate_on_start,
    }

    async with running_services(empty_url, FakeClock(), **settings) as services:
        if is_wanted:
            await prepare_database(services)
        else:
            with pytest.raises(StartupError, match="run `postern migrate`"):
                await prepare_database(services)

    expected = newest_revision() if is_wanted else None
    assert await migrations.current_revision(backend) == expected


async def test_the_schema_is_migrated_at_start_in_development(
    backend: Backend, empty_url: str
) -> None:
    async with running_services(empty_url, FakeClock()) as services:
        await prepare_database(services)

    assert await migrations.current_revision(backend) == newest_revision()


@pytest.mark.slow
async def test_a_production_server_on_an_empty_postgresql_requires_migrate_first(
    databases: Databases, tmp_path: Path
) -> None:
    url = await databases.empty("postgresql")
    variables = {"DATABASE_URL": url, "WORKERS": "1", **PRODUCTION}

    refused = await run_postern(tmp_path, "serve", **variables)
    migrated = await run_postern(tmp_path, "migrate", DATABASE_URL=url, APP_ENV="production")

    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert "postern migrate" in refused.stderr
    assert migrated.returncode == 0, migrated.stderr
    async with running_server(tmp_path, **variables) as server, server.client() as http:
        assert (await http.get("/health/ready")).status_code == 200
