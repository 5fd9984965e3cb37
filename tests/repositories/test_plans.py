"""PostgreSQL finds tokens by their key, also on a database that was never analysed."""

import json
from typing import Any

import asyncpg
import pytest
from sqlalchemy import ColumnElement, Select
from sqlalchemy.dialects import postgresql as dialect

from app.database import postgresql
from app.database.postgresql_hosts import Hosts
from app.database.statements import compile_lookup
from app.repositories import access_tokens, refresh_tokens
from tests.support.databases import Databases


@pytest.mark.parametrize(
    ("statement", "key"),
    [
        (access_tokens.LIVING, access_tokens.token.digest),
        (refresh_tokens.LIVING, refresh_tokens.token.digest),
    ],
    ids=["access tokens", "refresh tokens"],
)
async def test_a_look_up_starts_at_its_key_and_goes_on_by_primary_keys(
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
    assert {scan["Node Type"] for scan in scans} <= {"Index Scan", "Bitmap Index Scan"}
    assert all(scan["Index Name"].startswith("pk_") for scan in scans)
    assert scans[0]["Index Name"] in ("pk_access_tokens", "pk_refresh_tokens")


async def generic_plan(connection: "asyncpg.Connection[Any]", text: str) -> dict[str, Any]:
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE look_up (bytea[]) AS {text.replace('$1::BYTEA[]', '$1')}")
    explained = await connection.fetchval("EXPLAIN (FORMAT JSON) EXECUTE look_up ('{}')")
    plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
    return plan


def scans_of(node: dict[str, Any]) -> Any:
    """The nodes that read a table or an index, in the order in which they run."""
    if "Scan" in node["Node Type"] and node["Node Type"] != "Bitmap Heap Scan":
        yield node
    for child in node.get("Plans", ()):
        yield from scans_of(child)
