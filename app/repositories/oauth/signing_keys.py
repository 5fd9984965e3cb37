"""Queries about signing keys."""

from collections.abc import Sequence

from sqlalchemy import select, update

from app.database.database import Database
from app.models.oauth.signing_keys import SigningKey, signing_keys
from app.models.operations.audit_outbox import NewEvent
from app.repositories.inserts import upsert, values_in
from app.repositories.operations.audit_outbox import change_with_event

key = signing_keys.c


class SigningKeyRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_all(self) -> Sequence[SigningKey]:
        """Return all keys, including old ones, the newest of each algorithm first."""
        return await self._database.find_all(
            select(signing_keys).order_by(key.algorithm, key.generation.desc()),
            value=SigningKey,
        )

    async def add_once(self, signing_key: SigningKey, *, event: NewEvent | None) -> None:
        """Store a key, unless another worker has already stored one of the same generation."""
        statement = (
            upsert(self._database, signing_keys)
            .values(values_in(signing_keys, signing_key))
            .on_conflict_do_nothing()
            .returning(key.kid)
        )
        await change_with_event(self._database, statement, event)

    async def forget_private_halves(self, kids: Sequence[str]) -> None:
        """Delete the private keys of these signing keys, keeping their public keys.

        They can never sign again, even if SECRET_KEY is disclosed.
        """
        await self._database.change(
            update(signing_keys).where(key.kid.in_(kids)).values(private_sealed=b"")
        )
