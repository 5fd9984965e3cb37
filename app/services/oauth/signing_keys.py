"""Signing keys: created when first needed, stored sealed, and rotated by age.

They are published for long enough that everything they signed can be verified.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from app.clock import Clock
from app.concurrency.batched_calls import BatchedCalls
from app.concurrency.bounded_threads import SignatureThreads
from app.concurrency.late_imports import imported
from app.models.oauth.signing_keys import SigningKey
from app.observability.logging import logger
from app.repositories.oauth.signing_keys import SigningKeyRepository
from app.schemas.admin_scopes import AdminScope
from app.security import jose
from app.security.encryption import SealError, SecretBox
from app.security.jose import RSA_ALGORITHMS, SIGNING_ALGORITHMS, SignatureError
from app.security.tokens import new_identifier
from app.services.oauth.signing_key_cache import CACHED_FOR, SigningKeyCache
from app.services.oauth.signing_key_states import KeyState, PublishedKeys, state_of
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

log = logger(__name__)

PUBLISHED_BEFORE = timedelta(seconds=60)
"""How long a key is published before it signs, so that every worker's JWKS has it."""
PUBLISHED_AFTER = timedelta(days=1)
"""How long a replaced key stays published after the tokens that it signed have expired."""
MAX_AGE = PUBLISHED_BEFORE - 2 * CACHED_FOR
"""How long others may cache the JWK Set; with our own cache, less than a new key waits."""
STALE_MAX_AGE = timedelta(seconds=5)
"""The same for a set that may lack a key because the database is unavailable."""
KNOWN_AFTER = CACHED_FOR + MAX_AGE
"""Time after which no server, and no cache of a server's response, lacks a new key."""
JWT_TYPE = "JWT"
"""The `typ` of ID tokens and of signed UserInfo responses (RFC 7519 section 5.1)."""
ATTEMPTS = 5
"""Attempts to have a key of our own while workers with another secret create keys too."""


class SigningKeys:
    """Signing keys of the server.

    `max_age` is the age at which a key is replaced; `token_ttl` is how long its tokens are valid.
    `threads` sign with RSA. Only keys of the `initial_algorithms` exist from the start.
    """

    def __init__(
        self,
        *,
        signing_key_repository: SigningKeyRepository,
        box: SecretBox,
        audit: AuditLog,
        clock: Clock,
        threads: SignatureThreads,
        max_age: timedelta,
        token_ttl: timedelta,
        initial_algorithms: Sequence[str],
    ) -> None:
        self._signing_key_repository = signing_key_repository
        self._box = box
        self._audit = audit
        self._clock = clock
        self._threads = threads
        self._initial_algorithms = initial_algorithms
        self._max_age = max_age
        self._published_after = token_ttl + PUBLISHED_AFTER
        self._cache = SigningKeyCache(signing_key_repository, clock, token_ttl=token_ttl)
        self._opened: dict[str, Any] = {}
        self._public: dict[str, Any] = {}
        self._cannot_be_opened: set[bytes] = set()
        self._making = asyncio.Lock()
        self._sign_together = BatchedCalls(jose.sign)

    async def sign(self, claims: Mapping[str, Any], *, algorithm: str, typ: str = JWT_TYPE) -> str:
        """Return a JWT signed with the current key of an algorithm, with its `kid`.

        Elliptic curves are quick enough for the event loop.
        """
        key = await self._signer(algorithm)
        private, kid = self._opened[key.kid], key.kid
        if algorithm not in RSA_ALGORITHMS:
            return await self._sign_together(claims, private, algorithm=algorithm, kid=kid, typ=typ)
        return await self._threads.run(
            partial(jose.sign, claims, private, algorithm=algorithm, kid=kid, typ=typ)
        )

    async def published(self) -> PublishedKeys:
        """Return the JWK Set (RFC 7517 section 5): keys that sign, will sign, or signed recently.

        While the database is unavailable, this is the last known set, for an hour or for as long as
        tokens are valid. Raise `DatabaseUnavailableError` after that.
        """
        await self.ensure()
        keys = await self._cache.keys()
        published = [json.loads(key.public_jwk) for key in keys if self._is_published(key, keys)]
        return PublishedKeys(
            {"keys": published}, max_age=STALE_MAX_AGE if self._cache.is_stale else MAX_AGE
        )

    async def verify(self, token: str, *, typ: str = JWT_TYPE) -> dict[str, Any] | None:
        """Return the claims of a token of a type that a key of ours ever signed, or else None."""
        return await self._verified(token, typ, must_be_published=False)

    async def verify_published(self, token: str, *, typ: str) -> dict[str, Any] | None:
        """Return the same as `verify`, but only if others can verify the token, too."""
        return await self._verified(token, typ, must_be_published=True)

    async def is_published(self, kid: str) -> bool:
        """Return whether others can verify what a key of ours signed."""
        keys = await self._cache.keys()
        key = next((each for each in keys if each.kid == kid), None)
        return key is not None and self._is_published(key, keys)

    async def _verified(
        self, token: str, typ: str, *, must_be_published: bool
    ) -> dict[str, Any] | None:
        try:
            header = jose.header_of(token)
            kid = header.get("kid")
            if header.get("typ") != typ or not isinstance(kid, str):
                return None
            keys = await self._cache.keys()
            if all(key.kid != kid for key in keys):
                keys = await self._cache.newest()  # another worker may have just created it
            key = next((key for key in keys if key.kid == kid), None)
            if key is None or (must_be_published and not self._is_published(key, keys)):
                return None
            if not self._public:
                await imported(*jose.MODULES)
            return jose.verify_by(token, self._public_of(key), algorithm=key.algorithm)
        except SignatureError:
            return None

    def _public_of(self, key: SigningKey) -> Any:
        if key.kid not in self._public:
            self._public[key.kid] = jose.import_key(json.loads(key.public_jwk))
        return self._public[key.kid]

    async def ensure(self) -> None:
        """Create the first key of each algorithm for which no key can be opened."""
        for algorithm in self._initial_algorithms:
            await self._signer(algorithm)

    async def rotate(
        self,
        algorithm: str | None = None,
        *,
        signs_after: timedelta = PUBLISHED_BEFORE,
        authority: Authority,
    ) -> list[str]:
        """Publish new keys and return their `kid`s. They sign after a minute.

        If `signs_after` is less than `KNOWN_AFTER`, others may receive a token whose key they do
        not know.
        """
        authority.require(AdminScope.KEYS_WRITE)
        await self.ensure()
        if algorithm is not None:
            await self._signer(algorithm)
        signs_from = self._clock.now() + signs_after
        return [
            (
                await self._make(
                    rotated, await self._cache.newest(), signs_from=signs_from, is_rotation=True
                )
            ).kid
            for rotated in await self._rotatable()
            if algorithm in (None, rotated)
        ]

    async def rotate_old(self) -> None:
        """Create a successor for each key that is older than it should be.

        Of keys that are no longer published only the public half is kept, to verify hints.
        """
        now = self._clock.now()
        keys = await self._cache.newest()
        for algorithm in SIGNING_ALGORITHMS:
            newest = next((key for key in keys if key.algorithm == algorithm), None)
            if newest is not None and now - newest.created_at >= self._max_age:
                successor = await self._make(
                    algorithm, keys, signs_from=now + PUBLISHED_BEFORE, is_rotation=True
                )
                text = "the signing key for %s was rotated because of its age: the new key is %s"
                log.info(text, algorithm, successor.kid)
        keys = await self._cache.keys()
        retired_kids = [
            key.kid for key in keys if key.private_sealed and not self._is_published(key, keys)
        ]
        if retired_kids:
            await self._signing_key_repository.forget_private_halves(retired_kids)

    async def _rotatable(self) -> Sequence[str]:
        """Return the algorithms that have a key: those of the start, and those used since."""
        algorithms = {key.algorithm for key in await self._cache.newest()}
        return [algorithm for algorithm in SIGNING_ALGORITHMS if algorithm in algorithms]

    async def list_all(self) -> Sequence[SigningKey]:
        """Return all keys, the newest of each algorithm first."""
        return await self._signing_key_repository.list_all()

    def state_of(self, key: SigningKey, keys: Sequence[SigningKey]) -> KeyState:
        """Return what a key is used for now, according to the times of all `keys`."""
        return state_of(key, keys, now=self._clock.now(), published_after=self._published_after)

    def _is_published(self, key: SigningKey, keys: Sequence[SigningKey]) -> bool:
        """Return whether a key belongs in the JWK Set.

        The key that this worker signs with does, even if its successor is sealed under a secret
        that this worker does not have.
        """
        if self.state_of(key, keys) is not KeyState.RETIRED:
            return True
        return key == self._usable(keys, key.algorithm)

    async def _signer(self, algorithm: str) -> SigningKey:
        if not self._opened:
            await imported(*jose.MODULES)
        key = self._usable(await self._cache.keys(), algorithm)
        if key is not None:
            return key
        async with self._making:
            for _ in range(ATTEMPTS):
                keys = await self._cache.newest()
                key = self._usable(keys, algorithm)
                if key is not None:
                    return key
                await self._make(algorithm, keys, signs_from=self._clock.now(), is_rotation=False)
        raise SealError("workers with another SECRET_KEY create all signing keys")

    def _usable(self, keys: Sequence[SigningKey], algorithm: str) -> SigningKey | None:
        """Return the newest key that may sign already and can be opened.

        If there is none, return the first that will sign: the worker that created it has a clock
        ahead of ours.
        """
        now = self._clock.now()
        for key in keys:
            if key.algorithm == algorithm and key.signs_from <= now and self._open(key):
                return key
        for key in reversed(keys):
            if key.algorithm == algorithm and key.signs_from > now and self._open(key):
                return key
        return None

    async def _make(
        self,
        algorithm: str,
        keys: Sequence[SigningKey],
        *,
        signs_from: datetime,
        is_rotation: bool,
    ) -> SigningKey:
        """Create a key; if several workers replace the same keys, all of them use the first result.

        A rotation is an event of the audit log; the first key is not.
        """
        before = [key for key in keys if key.algorithm == algorithm]
        kid = new_identifier()[:16]
        private = await asyncio.to_thread(jose.new_private_jwk, algorithm, kid)
        generation = max((key.generation for key in before), default=0) + 1
        event = self._audit.event(ServerEvent.KEYS_ROTATED, kids=[kid]) if is_rotation else None
        await self._signing_key_repository.add_once(
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
        self._opened[key.kid] = jose.import_private_key(json.loads(private))
        return True
