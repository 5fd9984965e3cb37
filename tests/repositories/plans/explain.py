"""What the databases say of how they execute a statement."""

import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import asyncpg

from app.database import postgresql
from app.database.postgresql_hosts import Hosts
from tests.repositories.plans.rows import growing_tables

GROWING = {table.name for table in growing_tables()}
PLANNING_COST = 10.0
READS_AN_INDEX = {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}


def scans_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes that read a table or an index, in the order in which they run."""
    if "Scan" in node["Node Type"] and node["Node Type"] != "Bitmap Heap Scan":
        yield node
    for child in node.get("Plans", ()):
        yield from scans_of(child)


async def postgresql_scans(
    connection: "asyncpg.Connection[Any]", text: str, parameters: Any
) -> list[str]:
    """Full scans of a growing table, with real parameters where there are, and with any.

    PostgreSQL keeps the plan for any parameters of a statement that is executed often, where it
    costs no more than planning again.
    """
    if not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text):
        return []
    plans = [await generic_plan(connection, text)]
    if parameters:
        plan = await _explained(connection, f"EXPLAIN (FORMAT JSON) {text}", *parameters)
        is_kept = plans[0]["Total Cost"] <= plan["Total Cost"] + PLANNING_COST
        plans = [*plans, plan] if is_kept else [plan]
    return sorted(
        {
            f"{scan['Node Type']} of {scan.get('Relation Name', scan.get('Index Name'))}"
            for plan in plans
            for scan in scans_of(plan)
            if _reads_all(scan)
        }
    )


async def generic_plan(connection: "asyncpg.Connection[Any]", text: str) -> dict[str, Any]:
    """The plan for any parameters."""
    how_many = max((int(each) for each in re.findall(r"\$(\d+)", text)), default=0)
    nulls = f"({', '.join(['NULL'] * how_many)})" if how_many else ""
    await connection.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE each AS {text}")
    try:
        return await _explained(connection, f"EXPLAIN (FORMAT JSON) EXECUTE each {nulls}")
    finally:
        await connection.execute("DEALLOCATE each; RESET plan_cache_mode")


async def _explained(
    connection: "asyncpg.Connection[Any]", text: str, *parameters: Any
) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(await connection.fetchval(text, *parameters))[0]["Plan"]
    return plan


def _reads_all(scan: dict[str, Any]) -> bool:
    if scan.get("Relation Name") not in (*GROWING, None):
        return False
    kind = scan["Node Type"]
    return kind == "Seq Scan" or (kind in READS_AN_INDEX and "Index Cond" not in scan)


def sqlite_scans(connection: sqlite3.Connection, text: str, parameters: Any) -> list[str]:
    """Full scans of a growing table or of an index of one."""
    if not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", text):
        return []
    if parameters is None:
        parameters = [None] * text.count("?")
    rows = connection.execute(f"EXPLAIN QUERY PLAN {text}", parameters).fetchall()
    details = [str(row[3]) for row in rows]
    aliases = {alias for table, alias in re.findall(r"(\w+) AS (\w+)", text) if table in GROWING}
    return [
        each
        for each in details
        if each.startswith("SCAN ") and each.split()[1] in (GROWING | aliases)
    ]


async def connect(url: str, *, for_batches: bool) -> "asyncpg.Connection[Any]":
    """A connection on which reading a table whole costs what it does with a hundred times as many
    rows."""
    settings = postgresql.FOR_BATCHES if for_batches else {"seq_page_cost": "100"}
    return await postgresql.connect(Hosts(url), timeout=60, settings=settings)
