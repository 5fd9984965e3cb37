"""What a passkey signs to show that it is there now.

A challenge is nothing that we remember: it is sealed for one browser, one purpose and one person,
is good for some minutes, and counts once.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.clock import Clock
from app.models.users import User
from app.repositories.spent_identifiers import SpentIdentifierRepository
from app.security.encryption import SealError, SecretBox
from app.security.passkeys import PasskeyError, challenge_in

LASTS = timedelta(minutes=5)


class Purpose(StrEnum):
    """What a challenge is for; it is good for nothing else."""

    ADD = "add"
    SIGN_IN = "sign in"
    SECOND_FACTOR = "second factor"


@dataclass(frozen=True, slots=True)
class Challenge:
    value: bytes
    expires_at: datetime


class PasskeyChallenges:
    def __init__(self, spent: SpentIdentifierRepository, box: SecretBox, clock: Clock) -> None:
        self._spent = spent
        self._box = box
        self._clock = clock

    def make(self, purpose: Purpose, user: User | None, *, browser: str) -> bytes:
        """`user` is None while nobody said who he is."""
        expires_at = self._clock.now() + LASTS
        said = [purpose, _name_of(user), expires_at.timestamp()]
        return self._box.seal(json.dumps(said).encode(), context=browser)

    def open(self, answer: str, purpose: Purpose, user: User | None, *, browser: str) -> Challenge:
        """The challenge of an answer, if it is one of ours for just this; raises `PasskeyError`."""
        value = challenge_in(answer)
        try:
            said = json.loads(self._box.open(value, context=browser))
        except SealError as error:
            raise PasskeyError(f"the challenge: {error}") from error
        if said[:2] != [purpose, _name_of(user)]:
            raise PasskeyError("the challenge is for something else")
        expires_at = datetime.fromtimestamp(said[2], UTC)
        if self._clock.now() >= expires_at:
            raise PasskeyError("the challenge has expired", reason="expired")
        return Challenge(value, expires_at)

    async def spend(self, challenge: Challenge) -> None:
        """Takes it out of use, also for other workers; raises `PasskeyError` the second time."""
        name = f"passkey {challenge.value.hex()}"
        if not await self._spent.spend(name, expires_at=challenge.expires_at):
            raise PasskeyError("the challenge was used before", reason="used before")


def _name_of(user: User | None) -> str:
    return user.user_id if user is not None else ""
