"""Consuming a code and storing the tokens issued for it, as one step.

Authorization codes and device codes share the columns that this needs. No tokens are issued for a
code that another caller used, or whose user or session is no longer valid.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Insert,
    Table,
    Update,
    and_,
    exists,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.steps import Outcome
from app.models.accounts.sessions import sessions
from app.models.accounts.users import users
from app.models.factors.used_codes import used_codes
from app.models.oauth.access_tokens import access_tokens
from app.models.oauth.authorization_codes import authorization_codes
from app.models.oauth.device_codes import device_codes
from app.models.oauth.token_families import token_families
from app.models.operations.replay_cache import SingleUse
from app.repositories.inserts import insert_once_where, value_of
from app.repositories.oauth.token_families import NewFamily, values_of_family
from app.repositories.oauth.token_rows import (
    NewPair,
    new_access_token,
    new_refresh_token,
    values_of_access_token,
)
from app.repositories.operations.replay_cache import (
    IS_SPENT_BY_CALLER,
    spending,
    values_of_use,
)

family, session, user = token_families.c, sessions.c, users.c
USED_FOR = value_of("access_digest", access_tokens.c.digest)


class Redemption:
    """The redemption of the codes in one table."""

    def __init__(self, database: Database, codes: Table) -> None:
        self._codes = codes
        is_ours = (
            codes.c.digest == value_of("presented", codes.c.digest),
            codes.c.used_for == USED_FOR,
        )
        source = token_families.join(codes, family.family_id == codes.c.family_id)
        use, begin = self._use_code(), self._new_family(database)
        remember = (
            (self._remember_use(database, source, *is_ours),)
            if codes is authorization_codes
            else ()
        )
        new_access = new_access_token(database, source, *is_ours)
        new_refresh = new_refresh_token(database, source, *is_ours)
        winner = Outcome(
            select(codes.c.used_for).select_from(source), codes.c.digest, bound_as="presented"
        )
        beginnings = {
            False: (use,),
            True: (spending(database), use.where(exists().where(IS_SPENT_BY_CALLER))),
        }
        self._steps = {
            (with_refresh_token, has_access_row, has_use): database.step(
                *beginning,
                begin,
                *remember,
                *((new_refresh,) if with_refresh_token else ()),
                *((new_access,) if has_access_row else ()),
                outcome=winner,
                order="presented",
                only_for_caller=True,
            )
            for with_refresh_token in (True, False)
            for has_access_row in (True, False)
            for has_use, beginning in beginnings.items()
        }

    async def __call__(
        self,
        digest: bytes,
        pair: NewPair,
        new: NewFamily,
        *,
        with_refresh_token: bool,
        use: SingleUse | None,
    ) -> bool:
        """Redeem a code; return True if this caller consumed it and its tokens are stored.

        A `use` is spent in any case, and nothing else happens if another caller spent it before.
        """
        row = await self._steps[with_refresh_token, pair.has_access_row, use is not None](
            presented=digest,
            refresh_digest=pair.refresh_digest,
            refresh_expires_at=pair.refresh_expires_at,
            now=pair.issued_at,
            **values_of_family(new),
            **values_of_access_token(pair),
            **(values_of_use(use) if use is not None else {}),
        )
        return row is not None and row[0] == pair.access_digest

    def _use_code(self) -> Update:
        """Return an update whose condition also holds when the same caller repeats it."""
        code = self._codes.c
        return (
            update(self._codes)
            .where(
                code.digest == value_of("presented", code.digest),
                or_(code.used_at.is_(None), code.used_for == USED_FOR),
                code.expires_at > value_of("now", code.expires_at),
            )
            .values(used_at=value_of("now", code.used_at), used_for=USED_FOR)
        )

    def _remember_use(
        self, database: Database, source: FromClause, *conditions: ColumnElement[bool]
    ) -> Insert:
        """Return an insert that records the use, to detect replays (RFC 6749 section 4.1.2)."""
        values: dict[ColumnElement[Any], ColumnElement[Any]] = {
            used_codes.c.digest: self._codes.c.digest,
            used_codes.c.family_id: family.family_id,
        }
        return insert_once_where(database, used_codes, values, source, *conditions)

    def _new_family(self, database: Database) -> Insert:
        code = self._codes.c
        values: dict[ColumnElement[Any], ColumnElement[Any]] = {
            family.family_id: code.family_id,
            family.client_id: code.client_id,
            family.user_id: user.user_id,
            family.credentials_version: user.credentials_version,
            family.scope: value_of("family_scope", family.scope),
            family.created_at: value_of("now", family.created_at),
            family.expires_at: value_of("family_expires_at", family.expires_at),
            family.session_id: code.session_id,
            family.auth_time: code.auth_time,
            family.acr: code.acr,
            family.amr: code.amr,
            family.resources: value_of("resources", family.resources),
            family.confirmation: value_of("family_confirmation", family.confirmation),
            family.authorization_details: value_of("family_details", family.authorization_details),
        }
        if "claims" in code:
            values[family.claims] = code.claims
        return insert_once_where(
            database,
            token_families,
            values,
            self._codes.join(users, user.user_id == code.user_id),
            code.digest == value_of("presented", code.digest),
            code.used_for == USED_FOR,
            user.credentials_version == code.credentials_version,
            user.disabled_at.is_(None),
            exists().where(and_(session.session_id == code.session_id, session.ended_at.is_(None))),
        )


async def void_codes(
    connection: AsyncConnection, *, now: datetime, **owner: str | Sequence[str]
) -> None:
    """Expire the unused codes of a session, or of a user, or several, at a client, or several.

    The rows are locked first, so that redemptions in progress finish and the caller can revoke the
    families they created. They are locked in the same order as by redemptions.
    """
    for codes in (authorization_codes, device_codes):
        is_theirs = [
            codes.c[name] == value if isinstance(value, str) else codes.c[name].in_(value)
            for name, value in owner.items()
        ]
        await connection.execute(
            select(codes.c.digest).where(*is_theirs).order_by(codes.c.digest).with_for_update()
        )
        await connection.execute(
            update(codes)
            .where(*is_theirs, codes.c.used_at.is_(None), codes.c.expires_at > now)
            .values(expires_at=now)
        )
