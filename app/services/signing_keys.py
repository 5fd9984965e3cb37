"""The keys that sign: made when first needed, kept sealed, replaced by age, published for long
enough that whatever they signed can be verified."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.clock import Clock
from app.late_imports import imported
from app.models.signing_keys import SigningKey
from app.observability.logging import logger
from app.repositories.signing_keys import SigningKeyRepository
from app.security import jose
from app.security.encryption import SealError, SecretBox
from app.security.jose import ALGORITHMS, SignatureError
from app.security.tokens import new_identifier
from app.services.audit import AuditLog
from app.services.signing_key_cache import CACHED_FOR, SigningKeyCache

log = logger(__name__)

PUBLISHED_BEFORE = timedelta(seconds=60)
"""A key is in every worker's JWKS before any worker signs with it."""
PUBLISHED_AFTER = timedelta(days=1)
"""And stays there, once it has a successor, for longer than anything it signed."""
MAX_AGE = PUBLISHED_BEFORE - 2 * CACHED_FOR
"""How long others may cache the JWK Set: less than a new key waits, and than we cache it."""
STALE_MAX_AGE = timedelta(seconds=5)
"""The same for a set that may lack a key, since the database is away."""
KNOWN_AFTER = CACHED_FOR + MAX_AGE
"""When no server, and no cache of what a server answered, lacks a new key any more."""
ATTEMPTS = 5
"""To have a key of our own, where workers with another secret make some too."""


class KeyState(StrEnum):
    WAITING = "waiting"
    """Published, and signs from a moment that is to come."""
    SIGNING = "signing"
    PUBLISHED = "published"
    """Has a successor; what it signed may still count."""
    RETIRED = "retired"
    """Verifies nothing but hints."""


@dataclass(frozen=True, slots=True)
class PublishedKeys:
    """A JWK Set, and how long it may be cached."""

    jwks: dict[str, Any]
    max_age: timedelta


class SigningKeys:
    """`max_age` is when a key gets a successor; `token_ttl` is how long what it signs counts."""

    def __init__(
        self,
        repository: SigningKeyRepository,
        box: SecretBox,
        audit: AuditLog,
        clock: Clock,
        *,
        max_age: timedelta,
        token_ttl: timedelta,
    ) -> None:
        self._repository = repository
        self._box = box
        self._audit = audit
        self._clock = clock
        self._max_age = max_age
        self._published_after = token_ttl + PUBLISHED_AFTER
        self._cache = SigningKeyCache(repository, clock, token_ttl=token_ttl)
        self._opened: dict[str, Any] = {}
        self._cannot_be_opened: set[bytes] = set()
        self._making = asyncio.Lock()

    async def sign(self, claims: Mapping[str, Any], *, algorithm: str, typ: str = "JWT") -> str:
        """A JWT signed by today's key of an algorithm, with its `kid`."""
        key = await self._signer(algorithm)
        return jose.sign(claims, self._opened[key.kid], algorithm=algorithm, kid=key.kid, typ=typ)

    async def published(self) -> PublishedKeys:
        """The JWK Set (RFC 7517 section 5): keys that sign, will sign, or signed lately.

        While the database is away it is that of before, for an hour or for as long as tokens are
        valid. Raises `DatabaseUnavailableError` after that.
        """
        await self.ensure()
        keys = await self._cache.keys()
        published = [json.loads(key.public_jwk) for key in keys if self._is_published(key, keys)]
        return PublishedKeys(
            {"keys": published}, max_age=STALE_MAX_AGE if self._cache.is_stale else MAX_AGE
        )

    async def verify(self, token: str) -> dict[str, Any] | None:
        """The claims of what a key of ours ever signed, expired or not; None for anything else."""
        try:
            kid = jose.header_of(token).get("kid")
            keys = await self._cache.keys()
            if isinstance(kid, str) and all(key.kid != kid for key in keys):
                keys = await self._cache.newest()  # another worker may have made it a moment ago
            known = [json.loads(key.public_jwk) for key in keys if key.kid == kid]
            await imported(*jose.MODULES)
            return jose.verify(token, known, algorithms=ALGORITHMS)
        except SignatureError:
            return None

    async def ensure(self) -> None:
        """Makes the first key of each algorithm where there is none that can be opened."""
        for algorithm in ALGORITHMS:
            await self._signer(algorithm)

    async def rotate(
        self, algorithm: str | None = None, *, signs_after: timedelta = PUBLISHED_BEFORE
    ) -> list[str]:
        """Publish successors and return their `kid`s. They sign after a minute.

        With less than `KNOWN_AFTER`, others may meet a token whose key they do not know.
        """
        await self.ensure()
        signs_from = self._clock.now() + signs_after
        return [
            (
                await self._make(
                    each, await self._cache.newest(), signs_from=signs_from, is_rotation=True
                )
            ).kid
            for each in ALGORITHMS
            if algorithm in (None, each)
        ]

    async def rotate_old(self) -> None:
        """Makes a successor for each key that is older than it should be.

        Of keys that are published no more only the public half is kept: it verifies hints.
        """
        now = self._clock.now()
        keys = await self._cache.newest()
        for algorithm in ALGORITHMS:
            newest = next((key for key in keys if key.algorithm == algorithm), None)
            if newest is not None and now - newest.created_at >= self._max_age:
                made = await self._make(
                    algorithm, keys, signs_from=now + PUBLISHED_BEFORE, is_rotation=True
                )
                log.info("the signing key of %s was old: %s follows it", algorithm, made.kid)
        keys = await self._cache.keys()
        worn_out = [
            key.kid for key in keys if key.private_sealed and not self._is_published(key, keys)
        ]
        if worn_out:
            await self._repository.forget_private_halves(worn_out)

    async def list_all(self) -> Sequence[SigningKey]:
        """The newest of each algorithm first."""
        return await self._repository.list_all()

    def state_of(self, key: SigningKey, keys: Sequence[SigningKey]) -> KeyState:
        """What a key does now, going by the times of all `keys`."""
        now = self._clock.now()
        ended_at = _ended_at(key, keys)
        if ended_at is None or ended_at > now:
            return KeyState.SIGNING if key.signs_from <= now else KeyState.WAITING
        is_published = ended_at + self._published_after > now
        return KeyState.PUBLISHED if is_published else KeyState.RETIRED

    def _is_published(self, key: SigningKey, keys: Sequence[SigningKey]) -> bool:
        """The key that signs here is, even where its successor is sealed under a secret of
        somebody else."""
        if self.state_of(key, keys) is not KeyState.RETIRED:
            return True
        return key == self._usable(keys, key.algorithm)

    async def _signer(self, algorithm: str) -> SigningKey:
        await imported(*jose.MODULES)
        found = self._usable(await self._cache.keys(), algorithm)
        if found is not None:
            return found
        async with self._making:
            for _ in range(ATTEMPTS):
                keys = await self._cache.newest()
                found = self._usable(keys, algorithm)
                if found is not None:
                    return found
                now = self._clock.now()
                await self._make(algorithm, keys, signs_from=now, is_rotation=False)
        raise SealError("workers with another SECRET_KEY make all the signing keys")

    def _usable(self, keys: Sequence[SigningKey], algorithm: str) -> SigningKey | None:
        """The newest key that may sign already and can be opened.

        Where there is none, the first that will: whoever made it has a clock ahead of ours.
        """
        now = self._clock.now()
        of_algorithm = [key for key in keys if key.algorithm == algorithm]
        may_sign = [key for key in of_algorithm if key.signs_from <= now]
        too_early = [key for key in reversed(of_algorithm) if key.signs_from > now]
        return next((key for key in (*may_sign, *too_early) if self._open(key)), None)

    async def _make(
        self,
        algorithm: str,
        keys: Sequence[SigningKey],
        *,
        signs_from: datetime,
        is_rotation: bool,
    ) -> SigningKey:
        """Make a key; if several workers replace the same keys, all of them use the first result.

        A rotation is an event of the audit log; the first key is not.
        """
        before = [key for key in keys if key.algorithm == algorithm]
        kid = new_identifier()[:16]
        private = await asyncio.to_thread(jose.new_private_jwk, algorithm, kid)
        generation = max((key.generation for key in before), default=0) + 1
        event = self._audit.event("keys.rotated", kids=[kid]) if is_rotation else None
        await self._repository.add_once(
            SigningKey(
                kid=kid,
                algorithm=algorithm,
                generation=generation,
                public_jwk=json.dumps(jose.public_part(private)),
                private_sealed=self._box.seal(json.dumps(private).encode(), context=kid),
                created_at=self._clock.now(),
                signs_from=signs_from,
            ),
            event=event,
        )
        return next(
            key
            for key in await self._cache.newest()
            if (key.algorithm, key.generation) == (algorithm, generation)
        )

    def _open(self, key: SigningKey) -> bool:
        if key.kid in self._opened:
            return True
        if key.private_sealed in self._cannot_be_opened or not key.private_sealed:
            return False
        try:
            private = self._box.open(key.private_sealed, context=key.kid)
        except SealError as error:
            log.error("the signing key %s cannot be opened: %s", key.kid, error)
            self._cannot_be_opened.add(key.private_sealed)
            return False
        self._opened[key.kid] = jose.import_key(json.loads(private))
        return True


def _ended_at(key: SigningKey, keys: Sequence[SigningKey]) -> datetime | None:
    """When a key stopped to sign, which is when its successor began; None while it signs."""
    followers = [
        each.signs_from
        for each in keys
        if each.algorithm == key.algorithm and each.generation > key.generation
    ]
    return min(followers, default=None)
