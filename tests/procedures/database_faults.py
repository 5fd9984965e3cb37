"""Database faults: it is stopped, stalls, is locked, has a full disk, or fails over."""

import asyncio
import contextlib
import signal
import time
from pathlib import Path

import asyncpg
import psutil

from tests.procedures.ledger import Entry
from tests.procedures.scenes import under_load
from tests.procedures.servers import Place, Standby, several_hosts
from tests.support.locks import writes_blocked
from tests.support.machine import slowness
from tests.support.postgresql import PostgresServer
from tests.support.tcp_proxy import proxy_before

DATABASE_TIMEOUT, SQLITE_BUSY_TIMEOUT = 5.0, 10.0
RETURN_SECONDS = 2.0
FAILOVER_SECONDS = 10.0


async def postgresql_restarted(place: Place) -> list[Entry]:
    """Stop PostgreSQL as in a crash and start it again after five seconds, three times."""
    entry = Entry("PostgreSQL stopped and started", "postgresql", cut=0)
    entry.time_limit = DATABASE_TIMEOUT
    async with place.database("postgresql") as (url, server):
        assert server is not None
        async with under_load(place, entry, url) as scene:
            for _ in range(3):
                await asyncio.sleep(2)
                await asyncio.to_thread(server.stop, "immediate")
                await asyncio.sleep(5)
                await asyncio.to_thread(server.start)
                seconds = await scene.load.succeeds_again(within=30)
                entry.remarks.append(f"first success {seconds:.2f} s after its return")
                place.say(entry.remarks[-1])
                if seconds > RETURN_SECONDS * slowness():
                    entry.failures.append("slow to return")
    return [entry]


async def network_stalls(place: Place) -> list[Entry]:
    """Block the network between the server and PostgreSQL for fifteen seconds, twice."""
    entry = Entry("network to PostgreSQL stalls", "postgresql", cut=0)
    entry.time_limit = DATABASE_TIMEOUT
    async with (
        place.database("postgresql") as (url, _),
        proxy_before(url) as (proxy, proxy_url),
        under_load(place, entry, proxy_url, read_by=url) as scene,
    ):
        for _ in range(2):
            await asyncio.sleep(2)
            proxy.stall()
            await asyncio.sleep(15)
            proxy.flow()
            await proxy.cut_all()
            seconds = await scene.load.succeeds_again(within=30)
            entry.remarks.append(f"first success {seconds:.2f} s after")
    return [entry]


async def table_locked(place: Place) -> list[Entry]:
    """Hold a lock on the table of access tokens or, on SQLite, on the whole file."""
    return [await _locked_on_postgresql(place), await _locked_on_sqlite(place)]


async def _locked_on_postgresql(place: Place) -> Entry:
    entry = Entry("access_tokens locked for 12 s", "postgresql", cut=0)
    entry.time_limit = DATABASE_TIMEOUT
    async with place.database("postgresql") as (url, _), under_load(place, entry, url) as scene:
        await asyncio.sleep(2)
        holder = await asyncpg.connect(url)
        await holder.execute("BEGIN; LOCK TABLE access_tokens IN ACCESS EXCLUSIVE MODE")
        registered = len(scene.load.record.users)
        await asyncio.sleep(12)
        registered = len(scene.load.record.users) - registered
        await holder.close()
        await scene.load.succeeds_again(within=30)
        entry.remarks.append(f"{registered} users registered meanwhile")
        if not registered:
            entry.failures.append("other tables stood still")
    return entry


async def _locked_on_sqlite(place: Place) -> Entry:
    entry = Entry("file locked for 20 s", "sqlite", cut=0)
    entry.time_limit = SQLITE_BUSY_TIMEOUT
    async with place.database("sqlite") as (url, _), under_load(place, entry, url) as scene:
        await asyncio.sleep(2)
        async with writes_blocked(url):
            await asyncio.sleep(20)
        await scene.load.succeeds_again(within=30)
    return entry


async def disk_full(place: Place) -> list[Entry]:
    """Keep files from growing for five seconds, as a full disk does for SQLite."""
    entry = Entry("full disk", "sqlite", cut=0)
    entry.time_limit = SQLITE_BUSY_TIMEOUT
    async with place.database("sqlite") as (url, _):
        path = Path(url.removeprefix("sqlite:///"))
        async with under_load(place, entry, url) as scene:
            process = psutil.Process(scene.server.process.pid)
            await asyncio.sleep(2)
            size = max(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))
            process.rlimit(psutil.RLIMIT_FSIZE, (size, psutil.RLIM_INFINITY))
            await asyncio.sleep(5)
            process.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
            await scene.load.succeeds_again(within=30)
    if not entry.refused:
        entry.failures.append("the disk was never full")
    return [entry]


async def standby_promoted(place: Place) -> list[Entry]:
    """Stop the primary, or suspend it with open connections, and promote its standby."""
    return [await _failover(place, is_hung=False), await _failover(place, is_hung=True)]


async def _failover(place: Place, *, is_hung: bool) -> Entry:
    fault = "primary hangs" if is_hung else "primary is killed"
    entry = Entry(f"{fault}, standby promoted", "postgresql", cut=0)
    entry.time_limit = DATABASE_TIMEOUT
    async with place.database("postgresql") as (url, primary):
        assert primary is not None
        standby = await asyncio.to_thread(Standby, primary)
        stopped: list[psutil.Process] = []
        try:
            await asyncio.to_thread(standby.follow, primary)
            hosts = several_hosts(url, [standby, primary])  # the standby comes first on purpose
            standby_url = several_hosts(url, [standby])
            async with under_load(place, entry, hosts, read_by=standby_url) as scene:
                await asyncio.sleep(2)
                stopped += await asyncio.to_thread(_stop, primary, is_hung=is_hung)
                await asyncio.sleep(3)
                await asyncio.to_thread(standby.promote)
                promoted_at = time.monotonic()
                await scene.load.succeeds_again(within=60)
                seconds = scene.load.record.last_success - promoted_at
                entry.remarks.append(f"first success {seconds:.2f} s after the promotion")
                place.say(entry.remarks[-1])
                if seconds > FAILOVER_SECONDS * slowness():
                    entry.failures.append("slow to fail over")
                await asyncio.sleep(2)
        finally:
            for process in stopped:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()
            await asyncio.to_thread(standby.remove)
    return entry


def _stop(primary: PostgresServer, *, is_hung: bool) -> list[psutil.Process]:
    """Stop the primary; return the processes that must be resumed before they can end."""
    if not is_hung:
        primary.stop("immediate")
        return []
    parent = psutil.Process(primary.postmaster_pid())
    processes = [parent, *parent.children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    return processes
