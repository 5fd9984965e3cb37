"""`postern keys rewrap`: reseals everything under the current SECRET_KEY."""

import asyncio
import json
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert, select, update

from app.models.accounts.users import users
from app.models.federation.identity_providers import upstream_providers
from app.models.oauth.signing_keys import signing_keys
from app.models.operations.mails import mails
from app.models.tables import metadata
from app.repositories.operations.sealed_values import (
    PLACES,
    SealedKind,
    SealedValue,
    SealedValueRepository,
)
from app.security.purposes import Purpose
from app.services.operations.rewrapping import BATCH
from tests.cli.conftest import Postern, Result
from tests.conftest import AppFactory
from tests.repositories.conftest import new_user
from tests.support.application import Application
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.parts import running_services, services_of

pytestmark = pytest.mark.both_databases

OLD_KEY = "the-Old-key-Qm4x8sV1cN7pLz0eR5tYw2uB"
NEW_KEY = "the-New-key-Jd9kS3fH6gA1qW8xZ4vC0nMb"
SWAPPED: dict[str, Any] = {"secret_key": NEW_KEY, "secret_key_previous": (OLD_KEY,)}
OTP_SECRET = b"JBSWY3DPEHPK3PXP"


@pytest_asyncio.fixture
async def url(databases: Databases, database_kind: str) -> str:
    return await databases.migrated(database_kind)


@pytest_asyncio.fixture
async def before(url: str, start_app: AppFactory) -> Application:
    """A server under the old key, with a provider and a mail that waits."""
    app = await start_app(database_url=url, secret_key=OLD_KEY)
    services = services_of(app)
    await services.oauth.signing_keys.ensure()
    now = services.core.clock.now()
    await services.core.database.change(
        insert(upstream_providers).values(
            name="acme",
            label="Acme",
            issuer="https://acme.example",
            client_id="us",
            sealed_secret=services.core.box(Purpose.IDENTITY_PROVIDER_SECRETS).seal(
                b"a secret of ours", context="acme"
            ),
            scope="openid",
            created_at=now,
        )
    )
    await services.core.database.change(
        insert(mails).values(
            mail_id="a-mail",
            sealed=services.core.box(Purpose.MAILS).seal(b"a mail", context="a-mail"),
            attempts=0,
            next_attempt_at=now,
            created_at=now,
        )
    )
    return app


@pytest.fixture
def rewrap(url: str, postern: Postern) -> Postern:
    async def run(*arguments: str, **variables: str) -> Result:
        return await postern(
            "keys",
            "rewrap",
            *arguments,
            **{
                "DATABASE_URL": url,
                "SECRET_KEY": NEW_KEY,
                "SECRET_KEY_PREVIOUS": OLD_KEY,
                **variables,
            },
        )

    return run


def counts(result: Result, member: str) -> dict[str, Any]:
    return {row["kind"]: row[member] for row in json.loads(result.output)}


async def sealed_bytes(app: Application) -> list[Any]:
    columns = (
        users.c.otp_secret,
        signing_keys.c.private_sealed,
        upstream_providers.c.sealed_secret,
        mails.c.sealed,
    )
    database = services_of(app).core.database
    return [sorted(row[0] for row in await database.fetch_all(select(each))) for each in columns]


async def add_people(app: Application, number: int) -> list[str]:
    services = services_of(app)
    box = services.core.box(Purpose.OTP_SECRETS)
    people = [f"person-{each:04}" for each in range(number)]
    for user_id in people:
        made = new_user(user_id=user_id, otp_secret=box.seal(OTP_SECRET, context=user_id))
        values = {column.name: getattr(made, column.name) for column in users.columns}
        await services.core.database.change(
            insert(users).values({**values, "claims": "{}", "email_key": None, "otp_drift": 0})
        )
    return people


async def test_values_sealed_under_the_old_key_open_with_only_the_new_key_after_a_rewrap(
    before: Application, url: str, rewrap: Postern, start_app: AppFactory
) -> None:
    """SECURITY_BAR row 20: rotatable"""
    user = await before.enrolled_user()
    keys = (await before.http.get("/jwks")).json()

    result = await rewrap("--json")

    assert result.code == 0, result.errors
    assert counts(result, "resealed") == {
        "TOTP secrets": 1,
        "signing keys": 3,
        "provider secrets": 1,
        "mails": 1,
        "audit checkpoints": 0,
        "webhook secrets": 0,
    }
    after = await start_app(database_url=url, secret_key=NEW_KEY)
    after.clock.advance(seconds=60)
    assert (await after.verify_otp(user.username, after.code(user))).json() == {"valid": True}
    assert (await after.http.get("/jwks")).json() == keys
    services = services_of(after)
    await services.oauth.signing_keys.sign({"sub": "somebody"}, algorithm="ES256")
    assert (await after.http.get("/jwks")).json() == keys  # the same key, and no new one
    provider = await services.core.database.fetch_one(select(upstream_providers.c.sealed_secret))
    mail = await services.core.database.fetch_one(select(mails.c.sealed))
    assert provider is not None
    assert mail is not None
    assert (
        services.core.box(Purpose.IDENTITY_PROVIDER_SECRETS).open(provider[0], context="acme")
        == b"a secret of ours"
    )
    assert services.core.box(Purpose.MAILS).open(mail[0], context="a-mail") == b"a mail"


async def test_a_second_rewrap_changes_nothing(before: Application, rewrap: Postern) -> None:
    await before.enrolled_user()
    await rewrap()
    sealed = await sealed_bytes(before)

    again = await rewrap("--json")

    assert again.code == 0
    assert set(counts(again, "resealed").values()) == {0}
    assert sum(counts(again, "current").values()) == 6
    assert await sealed_bytes(before) == sealed


async def test_a_dry_run_counts_and_changes_nothing(before: Application, rewrap: Postern) -> None:
    await before.enrolled_user()
    sealed = await sealed_bytes(before)

    result = await rewrap("--dry-run", "--json")

    assert sum(counts(result, "resealed").values()) == 6
    assert await sealed_bytes(before) == sealed


@pytest.mark.slow
async def test_more_than_one_batch_is_rewrapped(before: Application, rewrap: Postern) -> None:
    await add_people(before, BATCH + 20)

    result = await rewrap("--json")

    assert counts(result, "resealed")["TOTP secrets"] == BATCH + 20


@pytest.mark.slow
async def test_a_value_that_cannot_be_opened_is_reported_and_the_rest_is_rewrapped(
    before: Application, rewrap: Postern
) -> None:
    people = await add_people(before, 3)
    await services_of(before).core.database.change(
        update(users).where(users.c.user_id == people[1]).values(otp_secret=b"\x01 damaged")
    )

    table = await rewrap()
    result = await rewrap("--json")

    assert table.code == result.code == 1
    assert f"TOTP secrets of {people[1]}." in table.errors
    assert counts(result, "unopenable")["TOTP secrets"] == [people[1]]
    assert counts(result, "current")["TOTP secrets"] == 2
    for key in (OLD_KEY, NEW_KEY, OTP_SECRET.decode()):
        assert key not in table.output + table.errors + result.output + result.errors


async def test_without_the_old_key_nothing_is_changed(before: Application, rewrap: Postern) -> None:
    await before.enrolled_user()
    sealed = await sealed_bytes(before)

    result = await rewrap(SECRET_KEY_PREVIOUS="")

    assert result.code == 2
    assert "SECRET_KEY is not the key of this database" in result.errors
    assert await sealed_bytes(before) == sealed


async def test_a_value_that_changed_during_the_rewrap_is_not_overwritten(
    before: Application,
) -> None:
    people = await add_people(before, 2)
    services = services_of(before)
    values = SealedValueRepository(services.core.database)
    page = await values.list_page(SealedKind.OTP_SECRETS, after="", limit=10)
    enrolled_anew = services.core.box(Purpose.OTP_SECRETS).seal(
        b"ANOTHERSECRET234", context=people[0]
    )
    await services.core.database.change(
        update(users).where(users.c.user_id == people[0]).values(otp_secret=enrolled_anew)
    )

    replaced = await values.replace(SealedKind.OTP_SECRETS, [(each, b"resealed") for each in page])

    assert replaced == 1
    assert await values.list_page(SealedKind.OTP_SECRETS, after="", limit=10) == [
        SealedValue(people[0], enrolled_anew),
        SealedValue(people[1], b"resealed"),
    ]


@pytest.mark.slow
async def test_two_concurrent_rewraps_reseal_each_value_once(before: Application, url: str) -> None:
    await add_people(before, 150)

    async with (
        running_services(url, FakeClock(), **SWAPPED) as one,
        running_services(url, FakeClock(), **SWAPPED) as two,
    ):
        done = await asyncio.gather(
            one.operations.rewrapping.run(), two.operations.rewrapping.run()
        )
        left = await one.operations.rewrapping.run(only_looks=True)

    assert sum(each[SealedKind.OTP_SECRETS].resealed for each in done) == 150
    assert {each.resealed for each in left.values()} == {0}
    assert left[SealedKind.OTP_SECRETS].current == 150


async def test_the_audit_log_records_the_operator_and_the_number_of_values(
    before: Application, rewrap: Postern
) -> None:
    await rewrap("--dry-run")
    await rewrap()

    events = [
        each
        async for each in services_of(before).core.audit.read_all()
        if each.action == "keys.rewrapped"
    ]

    assert len(events) == 1
    assert events[0].actor.startswith("operator:")
    assert json.loads(events[0].details) == {"resealed": 5, "unopenable": 0}


@pytest.mark.slow
async def test_a_server_with_the_new_key_can_open_old_signing_keys_after_a_rewrap(
    before: Application, url: str, rewrap: Postern, start_app: AppFactory
) -> None:
    keys = (await before.http.get("/jwks")).json()["keys"]
    too_early = await start_app(database_url=url, secret_key=NEW_KEY, secret_key_is_new=True)
    too_early.clock._now = before.clock.now()
    made = (await too_early.http.get("/jwks")).json()["keys"]
    assert len(made) == 2 * len(keys)  # it has made keys of its own

    await rewrap()
    too_early.clock.advance(seconds=11)

    known = await services_of(too_early).oauth.signing_keys.list_all()
    assert all(services_of(too_early).oauth.signing_keys._open(key) for key in known)


def test_every_column_of_sealed_values_is_registered_for_the_rewrap() -> None:
    sealed = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.columns
        if "sealed" in column.name or column.name == "otp_secret"
    }

    known = {f"{column.table.name}.{column.name}" for _, column in PLACES.values()}
    assert sealed - known == {"refresh_tokens.successor_sealed"}  # by a token, not by SECRET_KEY
