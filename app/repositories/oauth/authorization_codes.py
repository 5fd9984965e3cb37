"""Queries about authorization codes."""

from sqlalchemy import select

from app.database.database import Database
from app.models.factors.used_codes import UsedCode, used_codes
from app.models.oauth.authorization_codes import AuthorizationCode, authorization_codes
from app.models.oauth.token_families import token_families
from app.repositories.inserts import insert_once
from app.repositories.oauth.redemptions import Redemption

code = authorization_codes.c
COLUMNS = [column for column in authorization_codes.columns if column is not code.digest]


class AuthorizationCodeRepository:
    """Authorization codes. `redeem` consumes a code and stores the tokens issued for it."""

    def __init__(self, database: Database) -> None:
        self._by_digest = database.lookup(
            select(*COLUMNS), key=code.digest, value=AuthorizationCode
        )
        self._insert = database.step(
            insert_once(
                database,
                authorization_codes,
                nonce="nonce",
                code_challenge="code_challenge",
                claims="claims",
                resources="resources",
                confirmation="confirmation",
                authorization_details="authorization_details",
            )
        )
        family = token_families.c
        self._used_by_digest = database.lookup(
            select(family.family_id, family.client_id).select_from(
                used_codes.join(token_families, family.family_id == used_codes.c.family_id)
            ),
            key=used_codes.c.digest,
            value=UsedCode,
        )
        self.redeem = Redemption(database, authorization_codes)

    async def store(self, digest: bytes, authorization_code: AuthorizationCode) -> None:
        await self._insert(digest=digest, **authorization_code._asdict())

    async def find(self, digest: bytes) -> AuthorizationCode | None:
        """Return the code, even if it is used or expired, or None if it is unknown."""
        return await self._by_digest(digest)

    async def find_used(self, digest: bytes) -> UsedCode | None:
        """Return the family and the client of a used code, as long as its token family exists."""
        return await self._used_by_digest(digest)
