"""Queries about device codes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Update, select, update

from app.database.database import Database
from app.database.turns import gives_way
from app.models.audit_outbox import NewEvent
from app.models.consents import Consent
from app.models.device_codes import DeviceCode, device_codes
from app.models.sessions import Session
from app.repositories.audit_outbox import write_events
from app.repositories.consents import store_consent
from app.repositories.inserts import upsert
from app.repositories.owners import lock_user
from app.repositories.redemptions import Redemption

code = device_codes.c
COLUMNS = [column for column in device_codes.columns if column is not code.digest]
LONGER_SECONDS = 5


class DeviceCodeRepository:
    """`redeem` uses a code and stores what it yields."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_digest = database.lookup(select(*COLUMNS), key=code.digest, value=DeviceCode)
        self._by_user_code = database.lookup(select(*COLUMNS), key=code.user_code, value=DeviceCode)
        self.redeem = Redemption(database, device_codes)

    async def add(self, digest: bytes, made: DeviceCode) -> bool:
        """Stores a code; False where its user code is taken."""
        statement = (
            upsert(self._database, device_codes)
            .values(digest=digest, **made._asdict())
            .on_conflict_do_nothing()
            .returning(code.digest)
        )
        return bool(await self._database.change(statement))

    async def find(self, digest: bytes) -> DeviceCode | None:
        return await self._by_digest(digest)

    async def find_by_user_code(self, user_code: str, *, now: datetime) -> DeviceCode | None:
        """A code that still waits for a person; None for any other."""
        found = await self._by_user_code(user_code)
        if found is None or found.expires_at <= now:
            return None
        return found if found.approved_at is None and found.denied_at is None else None

    async def poll(self, digest: bytes, found: DeviceCode, *, now: datetime) -> bool:
        """Counts a question of the device; False where it came too soon, which makes the
        interval longer from then on (RFC 8628 section 3.5).

        Of several at once, also at several workers, one is in time.
        """
        since, this = found.last_polled_at, update(device_codes).where(code.digest == digest)
        if since is None or (now - since).total_seconds() >= found.interval:
            as_found = (code.last_polled_at == since, code.interval == found.interval)
            in_time = this.where(*as_found).values(last_polled_at=now)
            if await self._database.change(in_time.returning(code.digest)):
                return True
        await self._database.change(
            this.values(last_polled_at=now, interval=code.interval + LONGER_SECONDS)
        )
        return False

    @gives_way
    async def approve(
        self,
        user_code: str,
        session: Session,
        *,
        consent: Consent,
        now: datetime,
        events: Sequence[NewEvent],
    ) -> bool:
        """Let the device in as the user of a session, who consents to it; once."""
        approved = _decided(
            user_code,
            now,
            approved_at=now,
            user_id=session.user_id,
            credentials_version=session.credentials_version,
            session_id=session.session_id,
            auth_time=session.auth_time,
            acr=session.acr,
            amr=session.amr,
        )
        async with self._database.transaction() as connection:
            if not await lock_user(connection, session.user_id):
                return False
            if (await connection.execute(approved)).first() is None:
                return False
            await store_consent(connection, consent)
            await write_events(connection, *events)
            return True

    async def deny(self, user_code: str, *, now: datetime) -> bool:
        return bool(await self._database.change(_decided(user_code, now, denied_at=now)))


def _decided(user_code: str, now: datetime, **values: Any) -> Update:
    """The user code is returned where the device waited for a decision."""
    decided: Update = (
        update(device_codes)
        .where(
            code.user_code == user_code,
            code.expires_at > now,
            code.approved_at.is_(None),
            code.denied_at.is_(None),
        )
        .values(**values)
        .returning(code.user_code)
    )
    return decided
