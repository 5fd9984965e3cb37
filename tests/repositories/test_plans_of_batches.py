"""PostgreSQL finds tokens by their key, also on a database that was never analysed."""

import json
import re
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy import ColumnElement, Select
from sqlalchemy.dialects import postgresql as dialect

from app.database import postgresql
from app.database.claims import compile_claim
from app.database.postgresql_hosts import Hosts
from app.database.statements import compile_lookup
from app.repositories.oauth import access_tokens, refresh_tokens
from tests.support.databases import Databases


@pytest.mark.parametrize(
    ("statement", "key"),
    [
        (access_tokens.LIVING, access_tokens.token.digest),
        (refresh_tokens.LIVING, refresh_tokens.token.digest),
    ],
    ids=["access tokens", "refresh tokens"],
)
async def test_a_lookup_uses_only_primary_key_indexes(
    databases: Databases, statement: Select[Any], key: ColumnElement[Any]
) -> None:
    """Any other way reads whole tables, the longer the server runs the more."""
    lookup = compile_lookup(statement, key, dialect.asyncpg.dialect())  # type: ignore[no-untyped-call]  # untyped there
    url = await databases.migrated("postgresql")
    connection = await postgresql.connect(Hosts(url), timeout=5, settings=postgresql.FOR_BATCHES)
    try:
        plan = await generic_plan(connection, lookup.text)
    finally:
        await connection.close()

    scans = list(scans_of(plan))
    assert {scan["Node Type"] for scan in scans} <= {
        "Index Scan",
        "Index Only Scan",
        "Bitmap Index Scan",
    }
    assert all(scan["Index Name"].startswith("pk_") for scan in scans)
    assert scans[0]["Index Name"] in ("pk_access_tokens", "pk_refresh_tokens")


async def test_a_batch_of_rotations_finds_its_rows_by_primary_keys(databases: Databases) -> None:
    """And locks them in the order of their keys before it changes one"""
    claim = compile_claim(refresh_tokens.ROTATION, dialect.asyncpg.dialect())  # type: ignore[no-untyped-call]  # untyped there
    url = await databases.migrated("postgresql")
    connection = await postgresql.connect(Hosts(url), timeout=5, settings=postgresql.FOR_BATCHES)
    try:
        plan = await generic_plan(connection, claim.statement.text)
    finally:
        await connection.close()

    scans = [scan for scan in scans_of(plan) if "Relation Name" in scan]
    assert {scan["Relation Name"] for scan in scans} == {"refresh_tokens", "token_families"}
    assert {scan["Node Type"] for scan in scans} <= {"Index Scan", "Index Only Scan"}
    assert all(scan["Index Name"].startswith("pk_") for scan in scans)
    (locking,) = [node for node in nodes_of(plan) if node["Node Type"] == "LockRows"]
    assert next(nodes_of(locking["Plans"][0]))["Node Type"] == "Sort"


async def generic_plan(connection: "asyncpg.Connection[Any]", text: str) -> dict[str, Any]:
    arrays = re.findall(r"\$\d+::([A-Z ()0-9]+\[\])", text)
    text = re.sub(r"(\$\d+)::[A-Z ()0-9]+\[\]", r"\1", text)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE batch ({', '.join(arrays)}) AS {text}")
    empty = ", ".join("'{}'" for _ in arrays)
    explained = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE batch ({empty})")
    plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
    return plan


def nodes_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes_of(child)


def scans_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes that read a table or an index, in the order in which they run."""
    for node in nodes_of(plan):
        if "Scan" in node["Node Type"] and node["Node Type"] != "Bitmap Heap Scan":
            yield node
