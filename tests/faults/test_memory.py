"""How much memory an idle server takes, its supervisor and its workers together."""

from pathlib import Path

import pytest

from tests.support.databases import Databases
from tests.support.server import Server, running_server
from tests.support.waiting import eventually

pytestmark = pytest.mark.timing


def megabytes(server: Server) -> float:
    """Proportional: a page that two processes share counts half for each."""
    return sum(proportional_bytes(process.pid) for process in server.family()) / 1e6


def proportional_bytes(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if not rollup.exists():
        pytest.skip("this system does not tell what processes share")
    (line,) = [each for each in rollup.read_text().splitlines() if each.startswith("Pss:")]
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize(("workers", "most"), [(1, 100), (2, 190)])
async def test_an_idle_server_is_small(
    databases: Databases, tmp_path: Path, workers: int, most: int
) -> None:
    url = await databases.migrated("postgresql")
    async with running_server(tmp_path, DATABASE_URL=url, WORKERS=str(workers)) as server:
        await eventually(lambda: server.log().count("Application startup complete") == workers)

        assert megabytes(server) <= most
