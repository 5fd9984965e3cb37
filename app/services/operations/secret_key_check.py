"""Refuse to start with a SECRET_KEY that does not belong to the database.

A value sealed under the key is stored when the key is first used. Later starts have to open it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from app.observability.logging import logger
from app.repositories.operations.key_checks import KeyCheckRepository
from app.repositories.operations.sealed_values import SealedKind, SealedValueRepository
from app.security.encryption import SealError, SecretBox
from app.startup_errors import StartupError

log = logger(__name__)

CHECKED = b"postern"
CONTEXT = "key check"
PAGE = 500
REFUSAL = (
    "SECRET_KEY is not the key of this database: set the key that the database was used with, "
    "or list that key in SECRET_KEY_PREVIOUS. If it is lost, set SECRET_KEY_IS_NEW=1 to start "
    "with the new one"
)


@dataclass(frozen=True, slots=True)
class ListedKey:
    """One of SECRET_KEY and SECRET_KEY_PREVIOUS.

    It has a box for the check value, and one for each kind of sealed value.
    """

    check: SecretBox
    kinds: Mapping[SealedKind, SecretBox]

    def new_value(self) -> bytes:
        return self.check.seal(CHECKED, context=CONTEXT)

    def opens(self, value: bytes) -> bool:
        return _opens(self.check, value, context=CONTEXT)


class SecretKeyCheck:
    """Check of SECRET_KEY at startup. `keys` are SECRET_KEY and, after it, the previous ones."""

    def __init__(
        self,
        *,
        key_check_repository: KeyCheckRepository,
        sealed_value_repository: SealedValueRepository,
        keys: Sequence[ListedKey],
        is_new: bool,
    ) -> None:
        self._key_check_repository = key_check_repository
        self._sealed_value_repository = sealed_value_repository
        self._keys = keys
        self._is_new = is_new

    async def ensure(self) -> None:
        """Compare with the stored value, or store one; raise `StartupError` for a wrong key."""
        stored = await self._key_check_repository.find()
        if stored is None:
            first = await self._first_value()
            if first is not None:
                await self._key_check_repository.add_once(first)
                stored = (
                    await self._key_check_repository.find()
                )  # another server may have stored its own
        if self._is_opened(stored):
            if self._is_new:
                log.warning("SECRET_KEY belongs to this database: remove SECRET_KEY_IS_NEW")
            return
        if not self._is_new:
            raise StartupError(REFUSAL)
        await self._give_up(stored)

    async def move(self) -> None:
        """Seal the stored value under SECRET_KEY if it is sealed under a previous key."""
        stored = await self._key_check_repository.find()
        if stored is not None and self._is_opened(stored) and not self._keys[0].opens(stored):
            await self._key_check_repository.replace(stored, self._keys[0].new_value())

    def _is_opened(self, stored: bytes | None) -> bool:
        return stored is not None and any(key.opens(stored) for key in self._keys)

    async def _first_value(self) -> bytes | None:
        """Return the value to store, sealed under the key that is proven to be in use.

        That is SECRET_KEY if nothing is sealed yet. Return None if no listed key opens any of the
        sealed values.
        """
        is_anything_sealed = False
        for key in self._keys:
            async for is_opened in self._opened_by([key]):
                is_anything_sealed = True
                if is_opened:
                    return key.new_value()
        return None if is_anything_sealed else self._keys[0].new_value()

    async def _give_up(self, stored: bytes | None) -> None:
        """Store the check value of a new key; log in one line how many values no key opens."""
        lost = dict.fromkeys(self._keys[0].kinds, 0)
        for kind in lost:
            async for is_opened in self._opened_by(self._keys, kinds=(kind,)):
                lost[kind] += not is_opened
        if stored is None:
            await self._key_check_repository.add_once(self._keys[0].new_value())
        else:
            await self._key_check_repository.replace(stored, self._keys[0].new_value())
        if not self._is_opened(await self._key_check_repository.find()):
            raise StartupError(REFUSAL)  # another server stored the value of its own key
        listed = ", ".join(f"{number} {kind}" for kind, number in lost.items() if number)
        log.error(
            "SECRET_KEY_IS_NEW: lost because the previous key is not listed: %s. Users with a "
            "lost TOTP secret must enrol again; new signing keys will be created",
            listed or "nothing",
        )

    async def _opened_by(
        self, keys: Sequence[ListedKey], *, kinds: Sequence[SealedKind] = ()
    ) -> AsyncIterator[bool]:
        """Yield, for each sealed value, whether one of the keys opens it."""
        for kind in kinds or self._keys[0].kinds:
            after = ""
            while page := await self._sealed_value_repository.list_page(
                kind, after=after, limit=PAGE
            ):
                for entry in page:
                    yield any(
                        _opens(key.kinds[kind], entry.sealed, context=entry.owner) for key in keys
                    )
                after = page[-1].owner


def _opens(box: SecretBox, sealed: bytes, *, context: str) -> bool:
    try:
        box.open(sealed, context=context)
    except SealError:
        return False
    return True
