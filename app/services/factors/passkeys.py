"""Passkeys: adding them, and signing in with one, alone or after a password."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.clock import Clock
from app.concurrency.late_imports import imported
from app.details import Detail
from app.errors import ConflictError, InvalidInputError, NotFoundError
from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.models.factors.passkeys import Passkey
from app.models.operations.audit_outbox import NewEvent
from app.observability.logging import logger
from app.repositories.accounts.users import UserRepository
from app.repositories.factors.passkeys import PasskeyRepository
from app.security.passkeys import (
    Assertion,
    Known,
    PasskeyError,
    RelyingParty,
    claimed_in,
)
from app.security.tokens import new_identifier
from app.services.accounts.events import AccountEvent
from app.services.factors.passkey_challenges import ChallengePurpose, PasskeyChallenges
from app.services.operations.audit import AuditLog
from app.services.operations.limits import Limits

MAXIMUM_PASSKEYS = 20
MAXIMUM_NAME = 100

log = logger(__name__)

WEBAUTHN = "webauthn"


class PasskeyRefusedError(InvalidInputError):
    """A passkey cannot be added or removed; the detail is for its owner."""


class PasskeyService:
    """Passkeys of users.

    `relying_party` is None if passkeys do not work at the issuer's address.
    """

    def __init__(
        self,
        *,
        passkey_repository: PasskeyRepository,
        user_repository: UserRepository,
        challenges: PasskeyChallenges,
        limits: Limits,
        audit: AuditLog,
        clock: Clock,
        relying_party: RelyingParty | None,
    ) -> None:
        self._passkey_repository = passkey_repository
        self._user_repository = user_repository
        self._challenges = challenges
        self._limits = limits
        self._audit = audit
        self._clock = clock
        self._relying_party = relying_party

    @property
    def origin(self) -> str:
        """The origin at which passkeys are used, or "" if they are not offered."""
        return self._relying_party.origin if self._relying_party is not None else ""

    async def origin_for(self, user: User) -> str:
        """Return the origin at which this user can use a passkey, or "" if they have none."""
        return (
            self.origin
            if self.origin and await self._passkey_repository.count_of(user.user_id)
            else ""
        )

    async def list_of(self, user: User) -> Sequence[Passkey]:
        return await self._passkey_repository.list_of(user.user_id)

    async def count_of(self, user: User) -> int:
        return await self._passkey_repository.count_of(user.user_id)

    async def creation_options(self, user: User, *, browser: str) -> dict[str, Any]:
        """Return the options for `navigator.credentials.create`.

        Raise `NotFoundError` if passkeys are not offered, as do all methods that need them.
        """
        await imported(WEBAUTHN)
        return self._offered().creation_options(
            challenge=self._challenges.make(ChallengePurpose.ADD, user, browser=browser),
            user_handle=user.user_id.encode(),
            username=user.username,
            known=await self._known(user),
        )

    async def sign_in_options(self, *, browser: str) -> dict[str, Any]:
        """Return the options for `navigator.credentials.get`, for any user."""
        await imported(WEBAUTHN)
        challenge = self._challenges.make(ChallengePurpose.SIGN_IN, None, browser=browser)
        return self._offered().request_options(challenge=challenge, known=())

    async def second_factor_options(self, user: User, *, browser: str) -> dict[str, Any]:
        await imported(WEBAUTHN)
        challenge = self._challenges.make(ChallengePurpose.SECOND_FACTOR, user, browser=browser)
        return self._offered().request_options(challenge=challenge, known=await self._known(user))

    async def add(
        self, user: User, answer: str, *, name: str, browser: str, is_first_factor: bool = False
    ) -> Passkey:
        """Verify and store a passkey that a browser created; raise `PasskeyRefusedError`.

        Set `is_first_factor` if the user has only given the first factor: if they have a second
        one by now, raise `ConflictError`.
        """
        party = self._offered()
        await imported(WEBAUTHN)
        try:
            challenge = self._challenges.open(answer, ChallengePurpose.ADD, user, browser=browser)
            credential = party.check_creation(answer, challenge=challenge.value)
            await self._challenges.spend(challenge)
        except PasskeyError as error:
            log.info("passkey of user %s not added: %s", user.user_id, error)
            await self._limits.count_passkey_error()
            await self._refuse(user.user_id, error.reason)
            raise PasskeyRefusedError(Detail.PASSKEY_NOT_ADDED) from None
        passkey = Passkey(
            passkey_id=new_identifier(),
            credential_id=credential.credential_id,
            user_id=user.user_id,
            public_key=credential.public_key,
            sign_count=credential.sign_count,
            name=name[:MAXIMUM_NAME],
            transports=credential.transports,
            is_synced=credential.is_synced,
            created_at=self._clock.now(),
            last_used_at=None,
        )
        event = self._event(AccountEvent.PASSKEY_ADDED, user, passkey.passkey_id)
        outcome = await self._passkey_repository.add(
            passkey,
            user,
            at_most=MAXIMUM_PASSKEYS,
            is_first_factor=is_first_factor,
            event=event,
        )
        if outcome == "not first":
            raise ConflictError(Detail.ALREADY_ENROLLED)
        if outcome == "no owner":
            raise PasskeyRefusedError(Detail.PASSKEY_NOT_ADDED)
        if outcome == "known":
            raise PasskeyRefusedError(Detail.PASSKEY_KNOWN)
        if outcome == "too many":
            raise PasskeyRefusedError(Detail.TOO_MANY_PASSKEYS)
        return passkey

    async def rename(self, user: User, passkey_id: str, name: str) -> bool:
        """Rename a passkey; return False if the user has no such passkey."""
        event = self._event(AccountEvent.PASSKEY_RENAMED, user, passkey_id)
        name = name[:MAXIMUM_NAME]
        return await self._passkey_repository.rename(user.user_id, passkey_id, name, event=event)

    async def remove(
        self,
        user: User,
        passkey_id: str,
        *,
        except_session: Session | None,
        even_last: bool = False,
        keeps_factor: bool,
        is_full: bool,
    ) -> Passkey | None:
        """Remove a passkey and sign the user out everywhere except in `except_session`.

        `is_full` says that the caller is a full administrator, or the user. Return None if the user
        has no such passkey. Raise `PasskeyRefusedError` if no other way to sign in would be left,
        unless `even_last`, and if no second factor would be left, with `keeps_factor`.
        """
        event = self._event(AccountEvent.PASSKEY_REMOVED, user, passkey_id)
        removed = await self._passkey_repository.remove(
            user.user_id,
            passkey_id,
            even_last=even_last,
            keeps_factor=keeps_factor,
            is_full=is_full,
            except_session_id=except_session.session_id if except_session is not None else None,
            now=self._clock.now(),
            event=replace(event, is_preparation=not is_full),
        )
        if removed == "last":
            raise PasskeyRefusedError(Detail.ONLY_WAY_TO_SIGN_IN)
        if removed == "last factor":
            raise PasskeyRefusedError(Detail.LAST_SECOND_FACTOR)
        return removed

    async def sign_in(self, answer: str, *, browser: str) -> User | None:
        """Return the user who authenticates with a passkey alone, or None.

        Unknown and wrong passkeys have the same result; the reason is only logged. Raise
        `TooManyRequestsError` after too many failures, but never for a valid passkey.
        """
        return await self._proven(answer, ChallengePurpose.SIGN_IN, None, browser)

    async def second_factor(self, user: User, answer: str, *, browser: str) -> bool:
        """Return whether the answer proves possession of a passkey of this user."""
        return await self._proven(answer, ChallengePurpose.SECOND_FACTOR, user, browser) is not None

    async def _proven(
        self, answer: str, purpose: ChallengePurpose, user: User | None, browser: str
    ) -> User | None:
        party = self._offered()
        await imported(WEBAUTHN)
        passkey: Passkey | None = None
        try:
            challenge = self._challenges.open(answer, purpose, user, browser=browser)
            passkey = await self._claimed(answer, user)
            proof = party.check_assertion(
                answer, challenge=challenge.value, public_key=passkey.public_key
            )
            await self._challenges.spend(challenge)
            owner = await self._user_repository.find(passkey.user_id)
            if owner is None or owner.is_disabled:
                raise PasskeyError("the user is disabled", reason="disabled")
            await self._count(passkey, proof)
        except PasskeyError as error:
            user_id = user.user_id if user is not None else passkey.user_id if passkey else None
            log.info("passkey refused (%s, user %s): %s", purpose, user_id, error)
            await self._limits.count_passkey_error()
            if user_id is not None:  # guesses at unknown passkeys write no row
                await self._refuse(user_id, error.reason, passkey)
            return None
        return owner

    async def _claimed(self, answer: str, user: User | None) -> Passkey:
        """Return the passkey that an answer is from; raise `PasskeyError`.

        If the user is not known yet, the answer must contain the user handle of the passkey's
        owner.
        """
        claim = claimed_in(answer)
        passkey = await self._passkey_repository.find_by_credential(claim.credential_id)
        if passkey is None:
            raise PasskeyError("the passkey is unknown", reason="unknown")
        if user is not None and passkey.user_id != user.user_id:
            raise PasskeyError("the passkey belongs to another user", reason="of another person")
        if claim.user_handle is None and user is not None:
            return passkey
        if claim.user_handle != passkey.user_id.encode():
            raise PasskeyError("the user handle does not match")
        return passkey

    async def _count(self, passkey: Passkey, proof: Assertion) -> None:
        """Store the new signature counter.

        Raise `PasskeyError` if it did not grow, which is a sign of a cloned passkey (WebAuthn
        section 6.1.1).
        """
        before, now = passkey.sign_count, proof.sign_count
        if (before or now) and now <= before:
            log.warning(
                (
                    "the signature counter of passkey %s of user %s went from %d to %d: the "
                    "passkey may have been cloned"
                ),
                passkey.passkey_id,
                passkey.user_id,
                before,
                now,
            )
            raise PasskeyError("the signature counter did not increase", reason="counter went back")
        if not await self._passkey_repository.use(
            passkey, sign_count=now, is_synced=proof.is_synced, now=self._clock.now()
        ):
            raise PasskeyError("the passkey was used or removed concurrently")

    async def _known(self, user: User) -> list[Known]:
        passkeys = await self._passkey_repository.list_of(user.user_id)
        return [Known(passkey.credential_id, passkey.transports) for passkey in passkeys]

    def _event(self, action: AccountEvent, user: User, passkey_id: str) -> NewEvent:
        return self._audit.event(action, user_id=user.user_id, passkey_id=passkey_id)

    async def _refuse(self, user_id: str, reason: str, passkey: Passkey | None = None) -> None:
        passkey_id = passkey.passkey_id if passkey is not None else None
        await self._audit.record(
            AccountEvent.PASSKEY_REFUSED,
            user_id=user_id,
            succeeded=False,
            reason=reason,
            passkey_id=passkey_id,
        )

    def _offered(self) -> RelyingParty:
        if self._relying_party is None:
            raise NotFoundError(Detail.PASSKEYS_UNAVAILABLE)
        return self._relying_party
