"""Queries about device codes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Update, select, update

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.accounts.sessions import Session
from app.models.clients.consents import Consent
from app.models.oauth.device_codes import DeviceCode, device_codes
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.owners import lock_user
from app.repositories.clients.consents import store_consent
from app.repositories.inserts import upsert
from app.repositories.oauth.redemptions import Redemption
from app.repositories.operations.audit_outbox import write_events

code = device_codes.c
COLUMNS = [column for column in device_codes.columns if column is not code.digest]
LONGER_SECONDS = 5


class DeviceCodeRepository:
    """Device codes. `redeem` consumes a code and stores the tokens issued for it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_digest = database.lookup(select(*COLUMNS), key=code.digest, value=DeviceCode)
        self._by_user_code = database.lookup(select(*COLUMNS), key=code.user_code, value=DeviceCode)
        self.redeem = Redemption(database, device_codes)

    async def add(self, digest: bytes, device_code: DeviceCode) -> bool:
        """Store a code; return False if its user code is taken."""
        statement = (
            upsert(self._database, device_codes)
            .values(digest=digest, **device_code._asdict())
            .on_conflict_do_nothing()
            .returning(code.digest)
        )
        return bool(await self._database.change(statement))

    async def find(self, digest: bytes) -> DeviceCode | None:
        return await self._by_digest(digest)

    async def find_by_user_code(self, user_code: str, *, now: datetime) -> DeviceCode | None:
        """Return the code if it is pending, or None if it is unknown, expired or decided."""
        pending = await self._by_user_code(user_code)
        if pending is None or pending.expires_at <= now:
            return None
        return pending if pending.approved_at is None and pending.denied_at is None else None

    async def poll(self, digest: bytes, device_code: DeviceCode, *, now: datetime) -> bool:
        """Record a poll of the device; return False if it came too soon.

        A poll that comes too soon increases the interval permanently (RFC 8628 section 3.5). Of
        several concurrent polls, even on several workers, only one is in time.
        """
        last, statement = (
            device_code.last_polled_at,
            update(device_codes).where(code.digest == digest),
        )
        if last is None or (now - last).total_seconds() >= device_code.interval:
            is_unchanged = (code.last_polled_at == last, code.interval == device_code.interval)
            in_time = statement.where(*is_unchanged).values(last_polled_at=now)
            if await self._database.change(in_time.returning(code.digest)):
                return True
        await self._database.change(
            statement.values(last_polled_at=now, interval=code.interval + LONGER_SECONDS)
        )
        return False

    @retries_on_lock
    async def approve(
        self,
        user_code: str,
        session: Session,
        *,
        consent: Consent,
        now: datetime,
        events: Sequence[NewEvent],
    ) -> bool:
        """Approve a pending device for the user of a session, and store the user's consent.

        Return False if the code is not pending or the user has been deleted.
        """
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
    """Return an update of a pending code that returns the `user_code` if the code is pending."""
    statement: Update = (
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
    return statement
