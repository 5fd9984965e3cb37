"""Challenges that a passkey signs to prove that it is present.

A challenge is not stored: it is sealed for one browser, one purpose and one user, expires after a
few minutes, and is valid once.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.clock import Clock
from app.models.accounts.users import User
from app.repositories.operations.replay_cache import ReplayCacheRepository
from app.security.encryption import SealError, SecretBox
from app.security.passkeys import PasskeyError, challenge_in

LASTS = timedelta(minutes=5)


class ChallengePurpose(StrEnum):
    """Purpose of a challenge, which is not valid for any other."""

    ADD = "add"
    SIGN_IN = "sign in"
    SECOND_FACTOR = "second factor"


@dataclass(frozen=True, slots=True)
class Challenge:
    value: bytes
    expires_at: datetime


class PasskeyChallenges:
    def __init__(
        self, *, replay_cache_repository: ReplayCacheRepository, box: SecretBox, clock: Clock
    ) -> None:
        self._replay_cache_repository = replay_cache_repository
        self._box = box
        self._clock = clock

    def make(self, purpose: ChallengePurpose, user: User | None, *, browser: str) -> bytes:
        """Return a new challenge; `user` is None while the user is not known."""
        expires_at = self._clock.now() + LASTS
        content = [purpose, _name_of(user), expires_at.timestamp()]
        return self._box.seal(json.dumps(content).encode(), context=browser)

    def open(
        self, answer: str, purpose: ChallengePurpose, user: User | None, *, browser: str
    ) -> Challenge:
        """Return the challenge of an answer.

        Raise `PasskeyError` unless we issued it for this browser, purpose and user.
        """
        value = challenge_in(answer)
        try:
            content = json.loads(self._box.open(value, context=browser))
        except SealError as error:
            raise PasskeyError(f"the challenge is not valid: {error}") from error
        if content[:2] != [purpose, _name_of(user)]:
            raise PasskeyError("the challenge is for another user or purpose")
        expires_at = datetime.fromtimestamp(content[2], UTC)
        if self._clock.now() >= expires_at:
            raise PasskeyError("the challenge has expired", reason="expired")
        return Challenge(value, expires_at)

    async def spend(self, challenge: Challenge) -> None:
        """Consume a challenge, in all workers.

        Raise `PasskeyError` if it was used before.
        """
        name = f"passkey {challenge.value.hex()}"
        if not await self._replay_cache_repository.spend(name, expires_at=challenge.expires_at):
            raise PasskeyError("the challenge was used before", reason="used before")


def _name_of(user: User | None) -> str:
    return user.user_id if user is not None else ""
