"""Thousands of rows for every table that grows.

Row number n of each table has the same identifier and the same digest, so that a method which is
called with those of n finds its rows in every table.
"""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Integer, LargeBinary, Table

from app.database import postgresql
from app.database.postgresql_hosts import Hosts
from app.database.types import Instant, _to_text
from app.models.accounts.one_time_links import LinkPurpose
from app.models.federation.identity_providers import upstream_providers
from app.models.tables import metadata
from app.security.passwords import NO_PASSWORD
from tests.support.clock import FakeClock

ROWS = 4_000
BASE = FakeClock().now()

BOUNDED = {
    "alembic_version": "one row",
    "attribute_definitions": "a row for each attribute that an administrator declared, at most 200",
    "authorization_type_clients": "a row for each client that an administrator listed at a type",
    "authorization_types": "a row for each type that an administrator made, at most 100",
    "audit_checkpoints": "a row for each archive that an operator made",
    "audit_deletions": "a row for each downgrade that deleted an audit log",
    "audit_head": "one row",
    "blocked_client_hosts": "a row for each host that an administrator blocked",
    "key_checks": "one row",
    "leases": "a row for each task that one worker does",
    "resource_clients": "a row for each client that an administrator listed at a resource",
    "resource_identifiers": "at most 21 rows for each resource",
    "resource_scopes": "at most 100 rows for each resource",
    "resources": "a row for each resource that an administrator made, at most 200",
    "refusals": "at most `REFUSALS_KEPT` rows, and what the workers add in a minute",
    "schema_revisions": "a row for each migration",
    "scopes": "a row for each scope that an administrator described, at most 500",
    "signing_keys": "a few rows a year for each algorithm",
    "trusted_issuers": "a row for each trusted issuer that an administrator made, at most 200",
    "upstream_providers": "a row for each identity provider that an operator added",
    "webhooks": "a row for each webhook that an administrator made, at most 50",
}
"""Tables that do not grow with users and requests, which may be read whole, and why."""

MORE = {"audit_outbox": 5}
"""Tables of which a statement takes a thousand rows."""
JSON = frozenset(
    {
        "authorization_details",
        "attributes",
        "claims",
        "confirmation",
        "data",
        "details",
        "metadata",
        "own_attributes",
        "parameters",
        "policies",
        "public_jwk",
        "resources",
    }
)
UNSET = frozenset({"successor_digest", "used_for", "successor_sealed"})


def identifier(number: int) -> str:
    return f"id-{number}"


def digest(number: int) -> bytes:
    return number.to_bytes(32, "big")


def instant(number: int) -> Any:
    """Before `BASE` for the second half of the rows."""
    return BASE + timedelta(minutes=ROWS // 2 - number)


def text_named(name: str, number: int) -> str:
    if name in JSON:
        return "{}"
    if name == "password_hash":
        return NO_PASSWORD
    if name == "purpose":
        return next(iter(LinkPurpose))
    if name == "redirect_uris":
        return f"https://app-{number}.example/callback"
    return f"user:{identifier(number)}" if name == "actor" else identifier(number)


def value_of(column: Column[Any], number: int) -> Any:
    if column.name == "registration_expires_at":
        return instant(number) if number % 20 == 0 else None
    if column.name == "search_words" and number % 20 == 0:
        return None
    if column.name == "sequenced_at":  # few wait for their number
        return instant(number) if number > 200 else None
    if column.name == "used_at" and number > ROWS // 2 and number % 3 == 0:
        return instant(number)
    if isinstance(column.type, Instant):
        return None if column.nullable else instant(number)
    if isinstance(column.type, LargeBinary):
        return None if column.name in UNSET else digest(number)
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, Integer):
        return number if column.primary_key else 5
    return text_named(column.name, number)


def growing_tables() -> list[Table]:
    return [table for table in metadata.sorted_tables if table.name not in BOUNDED]


def filled_tables() -> list[Table]:
    return [*growing_tables(), upstream_providers]


def rows_of(table: Table) -> Iterator[tuple[Any, ...]]:
    for number in range(1, ROWS * MORE.get(table.name, 1) + 1):
        yield tuple(value_of(column, number) for column in table.columns)


async def fill_postgresql(url: str) -> None:
    connection = await postgresql.connect(Hosts(url), timeout=60)
    try:
        for table in filled_tables():
            names = [column.name for column in table.columns]
            await connection.copy_records_to_table(
                table.name, records=rows_of(table), columns=names
            )
        await connection.execute(f"UPDATE audit_head SET sequence = {ROWS}")
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def fill_sqlite(url: str) -> None:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    connection.execute("PRAGMA synchronous = OFF")
    for table in filled_tables():
        marks = ", ".join("?" for _ in table.columns)
        instants = [
            place for place, column in enumerate(table.columns) if isinstance(column.type, Instant)
        ]
        connection.executemany(
            f"INSERT INTO {table.name} VALUES ({marks})",
            (_for_sqlite(row, instants) for row in rows_of(table)),
        )
    connection.execute(f"UPDATE audit_head SET sequence = {ROWS}")
    connection.commit()
    connection.close()


def _for_sqlite(row: tuple[Any, ...], instants: list[int]) -> list[Any]:
    values = list(row)
    for place in instants:
        values[place] = _to_text(values[place])
    return values
