"""A secret is replaced while callers use both; `make faults` does this for a minute."""

import math
from pathlib import Path

import pytest

from tests.procedures.secret_rotation import rotate_under_load
from tests.support.admin_api import ADMIN_TOKEN
from tests.support.databases import Databases
from tests.support.machine import scaled
from tests.support.server import application_of, running_server

pytestmark = pytest.mark.timing

OVERLAP_SECONDS = 4


async def test_both_secrets_are_valid_until_the_old_one_expires(
    databases: Databases, database_kind: str, tmp_path: Path
) -> None:
    """64 connections get only 200 in the overlap, and 401 for the old one a second later"""
    url = await databases.migrated(database_kind)
    workers = "1" if database_kind == "sqlite" else "2"
    async with (
        running_server(
            tmp_path, DATABASE_URL=url, WORKERS=workers, ADMIN_TOKEN=ADMIN_TOKEN
        ) as server,
        application_of(server) as app,
    ):
        client = await app.create_client()
        rotation = await rotate_under_load(app, client, overlap=math.ceil(scaled(OVERLAP_SECONDS)))

    assert rotation.failures() == []
