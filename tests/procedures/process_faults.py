"""Process faults: servers are killed, replaced and drained, or their log is not read."""

import asyncio
import random
import signal
import subprocess
import time
from functools import partial

import httpx

from tests.procedures.ledger import Entry
from tests.procedures.load import Load, add_to
from tests.procedures.losses import Check
from tests.procedures.scenes import enter_losses, under_load
from tests.procedures.servers import LARGE_LIMITS, Place, nginx
from tests.support.application import TestClient, TestUser
from tests.support.machine import slowness
from tests.support.parts import sqlite_integrity
from tests.support.ports import free_port
from tests.support.server import COMMAND, Server, application_at, application_of, environment
from tests.support.waiting import eventually

GRACE_SECONDS = 30.0


async def killed(place: Place) -> list[Entry]:
    """Kill the server and its workers with SIGKILL under load, repeatedly."""
    return [await _killed(place, kind) for kind in ("sqlite", "postgresql")]


async def _killed(place: Place, kind: str) -> Entry:
    entry = Entry(f"{place.kills} kills with SIGKILL", kind)
    rng = random.Random(1)
    started_at, slowest = time.monotonic(), 0.0
    async with place.database(kind) as (url, _):
        load: Load | None = None
        for number in range(place.kills + 1):
            async with place.postern(url) as server, application_of(server) as app:
                if number == 0:
                    client, user = await app.create_client(), await app.enrolled_user()
                if load is not None:
                    entry.lose(await Check(app, client).losses(load.record))
                    slowest = max(slowest, time.monotonic() - started_at)
                started_at = time.monotonic()
                if number == place.kills:
                    break
                load = Load(app, client)
                await load.start(user)
                await load.has_more_of_each()
                await asyncio.sleep(rng.uniform(0.3, 1.5))
                await server.kill()
                await load.stop()
                add_to(entry, load.record, counts_cuts=False)
                place.say(
                    f"{kind}: kill {number + 1}, {entry.acknowledged} acknowledged, "
                    f"{entry.lost} lost"
                )
        if kind == "sqlite" and sqlite_integrity(url) != "ok":
            entry.failures.append("the database is damaged")
    entry.remarks.append(f"slowest kill with restart and check {slowest:.1f} s")
    return entry


async def log_not_read(place: Place) -> list[Entry]:
    """Serve with an access log that goes to a pipe without a reader, then stop."""
    entry = Entry("log reader stalls", "sqlite", cut=0)
    port = free_port()
    async with place.database("sqlite") as (url, _):
        variables = {"DATABASE_URL": url, "PORT": str(port), "ACCESS_LOG": "1", **LARGE_LIMITS}
        process = await asyncio.to_thread(
            subprocess.Popen,
            [*COMMAND, "serve"],
            cwd=place.new_directory(),
            env=environment(variables),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        try:
            async with application_at(f"http://127.0.0.1:{port}") as app:
                await eventually(lambda: _is_live(app.http))
                client = await app.create_client()
                load = Load(app, client)
                await load.start(await app.enrolled_user())
                await asyncio.sleep(20)
                if not await _is_live(app.http):
                    entry.failures.append("not live")
                await load.stop()
                add_to(entry, load.record, counts_cuts=True)
            started_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(process.wait, GRACE_SECONDS * slowness())
                entry.remarks.append(f"ended {time.monotonic() - started_at:.1f} s after SIGTERM")
            except subprocess.TimeoutExpired:
                entry.failures.append("did not end")
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)
        await enter_losses(place, entry, url, client, load.record)
    return [entry]


async def _is_live(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/health/live")).is_success
    except httpx.TransportError:
        return False


async def drained_behind_nginx(place: Place) -> list[Entry]:
    """End one of two servers behind nginx with SIGTERM and start it again, six times."""
    entry = Entry("SIGTERM behind nginx", "postgresql", cut=0, may_refuse=False)
    ports = [free_port(), free_port()]
    async with place.database("postgresql") as (url, _):
        servers: list[Server] = []
        try:
            for port in ports:
                servers.append(await _started(place, url, port))  # noqa: PERF401 - one by one
            async with application_of(servers[0]) as direct:
                client, user = await direct.create_client(), await direct.enrolled_user()
            async with nginx(place.new_directory(), ports) as port:
                load = await _drain_each(place, entry, url, servers, (port, client, user))
        finally:
            for server in servers:
                await server.kill()
        add_to(entry, load.record, counts_cuts=True)
        await enter_losses(place, entry, url, client, load.record)
    return [entry]


async def _drain_each(
    place: Place,
    entry: Entry,
    url: str,
    servers: list[Server],
    by: tuple[int, TestClient, TestUser],
) -> Load:
    port, client, user = by
    async with application_at(f"http://127.0.0.1:{port}") as app:
        load = Load(app, client)
        await load.start(user)
        for number in range(6):
            await asyncio.sleep(2)
            server = servers[number % 2]
            server.process.send_signal(signal.SIGTERM)
            code = await server.wait()
            if code not in (0, -signal.SIGTERM):
                entry.failures.append(f"exit code {code}")
            place.say(f"drained {number + 1}: {load.record.cuts.total()} cut")
            servers[number % 2] = await _started(place, url, server.port)
        await load.stop()
    return load


async def _started(place: Place, url: str, port: int) -> Server:
    variables = {"DATABASE_URL": url, "WORKERS": "1", "PORT": str(port), **LARGE_LIMITS}
    server = Server(place.new_directory(), variables)
    try:
        await server.listens()
        async with server.client() as http:
            await eventually(lambda: _is_live(http))
    except BaseException:
        await server.kill()
        raise
    return server


async def replaced_by_sighup(place: Place) -> list[Entry]:
    """Replace two workers one by one with SIGHUP, four times."""
    entry = Entry("workers replaced by SIGHUP", "postgresql", cut=0, may_refuse=False)
    async with place.database("postgresql") as (url, _), under_load(place, entry, url) as scene:
        for _ in range(4):
            old_workers = _workers_of(scene.server)
            scene.server.process.send_signal(signal.SIGHUP)
            await eventually(partial(_has_none_of, scene.server, old_workers))
            await asyncio.sleep(1)
    return [entry]


def _workers_of(server: Server) -> set[int]:
    return {worker.pid for worker in server.family()[1:]}


def _has_none_of(server: Server, workers: set[int]) -> bool:
    return not workers & _workers_of(server)
