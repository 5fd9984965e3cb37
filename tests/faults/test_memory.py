"""How much memory an idle server takes, its supervisor and its workers together."""

import asyncio
from pathlib import Path

import pytest

from tests.support.databases import Databases
from tests.support.dpop import prover
from tests.support.parts import settings_for
from tests.support.server import Server, application_of, running_server
from tests.support.waiting import eventually

pytestmark = pytest.mark.timing

HASHING = {"ARGON2_MEMORY_KIB": "19456", "ARGON2_TIME_COST": "2"}


def megabytes(server: Server) -> float:
    """Proportional: a page that two processes share counts half for each."""
    return sum(proportional_bytes(process.pid) for process in server.family()) / 1e6


def proportional_bytes(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if not rollup.exists():
        pytest.skip("this system does not tell what processes share")
    (line,) = [each for each in rollup.read_text().splitlines() if each.startswith("Pss:")]
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize(("workers", "most"), [(1, 110), (2, 215)])
async def test_an_idle_server_uses_little_memory(
    databases: Databases, tmp_path: Path, workers: int, most: int
) -> None:
    url = await databases.migrated("postgresql")
    async with running_server(tmp_path, DATABASE_URL=url, WORKERS=str(workers)) as server:
        await eventually(lambda: server.log().count("Application startup complete") == workers)

        assert megabytes(server) <= most


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_memory_used_by_the_first_requests_is_mostly_released(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    """The memory of a password hash goes back to the system once no one signs in"""
    url = await databases.migrated(kind)
    async with (
        running_server(tmp_path, DATABASE_URL=url, WORKERS="1", **HASHING) as server,
        application_of(server) as app,
    ):
        await eventually(lambda: "Application startup complete" in server.log())
        before = megabytes(server)

        client, user = await app.create_client(), await app.enrolled_user()
        assert (await app.password_grant(client, user)).status_code == 200
        assert (await app.http.get("/login", headers={"accept": "text/html"})).status_code == 200
        await asyncio.gather(
            *(app.password_grant(client, user, password="a wrong password") for _ in range(4))
        )

        await eventually(lambda: megabytes(server) - before <= 25)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_thousand_keys_leave_nothing_in_memory(
    databases: Databases, tmp_path: Path, kind: str
) -> None:
    """SECURITY_BAR row 38: DPoP proofs with 1,000 keys in 1,000 requests"""
    url = await databases.migrated(kind)
    issuer = settings_for(url).issuer_url  # for which the tests make their proofs
    async with (
        running_server(tmp_path, DATABASE_URL=url, WORKERS="1", ISSUER=issuer) as server,
        application_of(server) as app,
    ):
        client = await app.create_client()
        for _ in range(100):
            await prover(app).bound_token(client)
        before = megabytes(server)

        for number in range(1_000):
            await prover(app, name=f"key {number}").bound_token(client)

        await eventually(lambda: megabytes(server) - before <= 8)
