"""One-time passwords (TOTP): secrets are sealed at rest, codes are valid once."""

from app.clock import Clock
from app.concurrency.bounded_threads import BoundedThreads
from app.errors import TooManyRequestsError
from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.observability import refusals, request_context
from app.observability.logging import logger
from app.repositories.accounts.users import UserRepository
from app.schemas.otp import OtpEnrolment
from app.security import qr_codes, totp, usernames
from app.security.encryption import SealError, SecretBox
from app.services.accounts.events import AccountEvent
from app.services.accounts.known_networks import KnownNetworks
from app.services.accounts.notices import Notices
from app.services.accounts.sign_in_names import find_user
from app.services.operations.audit import ANONYMOUS, AuditLog
from app.services.operations.limits import Limits

log = logger(__name__)

DUMMY_SECRET = "A" * totp.SECRET_LENGTH


class OtpService:
    def __init__(
        self,
        *,
        user_repository: UserRepository,
        box: SecretBox,
        threads: BoundedThreads,
        limits: Limits,
        known_networks: KnownNetworks,
        audit: AuditLog,
        notices: Notices,
        clock: Clock,
        issuer: str,
    ) -> None:
        self._user_repository = user_repository
        self._box = box
        self._threads = threads
        self._limits = limits
        self._known_networks = known_networks
        self._audit = audit
        self._notices = notices
        self._clock = clock
        self._issuer = issuer

    def new_secret(self, user_id: str) -> tuple[str, bytes]:
        """Return a new secret, and the form in which it is stored."""
        secret = totp.new_secret()
        return secret, self.sealed(secret, user_id=user_id)

    def sealed(self, secret: str, *, user_id: str) -> bytes:
        """Return the form in which a secret is stored."""
        return self._box.seal(secret.encode(), context=user_id)

    async def enrolment(self, secret: str, *, username: str) -> OtpEnrolment:
        """Return what an authenticator app needs; it is shown once and never again."""
        uri = totp.provisioning_uri(secret, username=username, issuer=self._issuer)
        qr_code = await self._threads.run(qr_codes.png_base64, uri)
        return OtpEnrolment(otp_uri=uri, qr_code=qr_code)

    async def verify_code(self, username: str, code: str) -> bool:
        """Consume a code and return whether it was valid; this confirms an enrolment.

        An unknown user, a disabled one and a wrong code have the same result. Raise
        `TooManyRequestsError`.
        """
        user = await find_user(self._user_repository, username)
        if user is not None and user.is_disabled:
            user = None
        account = usernames.account_of(username)
        attempt = await self._limits.open_code_attempt(account, user)
        async with self._known_networks.notifying_owner(user, account):
            await self._limits.check(attempt)
            step = self._step_of(user, code)
            clears = self._is_unused(user, step)
            await self._limits.settle(attempt.attempts, is_right=step is not None, clears=clears)
        is_right = user is not None and step is not None and await self.spend_code(user, code)
        await self._settled(user, is_right=is_right, actor=ANONYMOUS)
        return is_right

    async def use_code(self, user: User, code: str) -> bool:
        """Do the same as `spend_code`, for a user who passed the first factor.

        Raise `TooManyRequestsError`.
        """
        step = self._step_of(user, code)
        await self.settle_code(user, is_right=step is not None, clears=self._is_unused(user, step))
        is_right = step is not None and await self.spend_code(user, code)
        await self._settled(user, is_right=is_right)
        return is_right

    def may_be_code(self, user: User | None, code: str) -> bool:
        """Return whether a code is correct at this moment.

        Without a user it never is, but takes as long.
        """
        return self._step_of(user, code) is not None

    def is_unused(self, user: User | None, code: str) -> bool:
        """Return whether a code is correct at this moment and was not used before."""
        return self._is_unused(user, self._step_of(user, code))

    async def settle_code(self, user: User, *, is_right: bool, clears: bool = True) -> None:
        """Count an attempt at the second factor, of any kind, by a user who passed the first.

        A code that was used before is not a guess: it neither counts nor `clears`.

        Raise `TooManyRequestsError`; in that case someone with the password is guessing codes, and
        the account's owner is notified.
        """
        try:
            attempt = await self._limits.code_attempt(user)
            async with self._known_networks.notifying_owner(user, user.username_key):
                await self._limits.settle(attempt.attempts, is_right=is_right, clears=clears)
        except TooManyRequestsError:
            if await self._limits.once_a_day(f"codes guessed {user.user_id}"):
                await self._notices.send(user, AccountEvent.OTP_REFUSED)
            raise

    async def spend_code(self, user: User, code: str) -> bool:
        """Consume a code; return False for a wrong or used one (RFC 6238 section 5.2)."""
        if await self._spend(user, code):
            return True
        current = await self._user_repository.find(user.user_id)
        if current is None or current.otp_secret == user.otp_secret:
            return False
        # It may have been resealed under another SECRET_KEY; a different secret is another factor.
        return self._open(current) == self._open(user) and await self._spend(current, code)

    async def _spend(self, user: User, code: str) -> bool:
        step = self._step_of(user, code)
        if step is None:
            return False
        now = self._clock.now()
        drift = totp.drift_of(step, now=now)
        event = None
        if not user.has_confirmed_otp:
            event = self._audit.event(AccountEvent.OTP_CONFIRMED, user_id=user.user_id)
        is_used = await self._user_repository.use_otp_step(
            user, step, now=now, drift=drift, event=event
        )
        if is_used and self._was_clock_set_back(user):
            log.warning(
                "the last one-time code of user %s is from a later time than now: it was used "
                "before the clock was set back, and is ignored",
                user.user_id,
            )
        return is_used

    async def replace(self, user: User, secret: str, code: str, *, session: Session) -> bool:
        """Replace the secret once the new app shows a correct code.

        The user is signed out everywhere except in `session`. Return False for a wrong code, and if
        the user's credentials have changed since `user` was read.
        """
        now = self._clock.now()
        step = totp.matching_step(secret, code, now=now)
        await self.settle_code(user, is_right=step is not None)
        if step is None:
            return False
        sealed = self.sealed(secret, user_id=user.user_id)
        event = self._audit.event(AccountEvent.OTP_CHANGED, user_id=user.user_id)
        return await self._user_repository.credentials.replace_otp(
            user, sealed, step, except_session_id=session.session_id, now=now, event=event
        )

    async def remove(self, user: User, *, session: Session, keeps_factor: bool) -> bool:
        """Remove the authenticator app and sign the user out everywhere except in `session`.

        Return False if the user's credentials have changed since `user` was read, and with
        `keeps_factor` if they have no passkey.
        """
        event = self._audit.event(AccountEvent.OTP_REMOVED, user_id=user.user_id)
        is_removed = await self._user_repository.credentials.remove_otp(
            user,
            keeps_factor=keeps_factor,
            except_session_id=session.session_id,
            now=self._clock.now(),
            event=event,
        )
        if is_removed:
            await self._notices.send(user, AccountEvent.OTP_REMOVED)
        return is_removed

    def _step_of(self, user: User | None, code: str) -> int | None:
        """Return the time step of a user's code; None if it is wrong or there is no user."""
        secret = self._open(user) if user is not None else None
        step = totp.matching_step(
            secret or DUMMY_SECRET, code, now=self._clock.now(), drift=user.otp_drift if user else 0
        )
        return step if secret is not None else None

    async def _settled(
        self, user: User | None, *, is_right: bool, actor: str | None = None
    ) -> None:
        """Record the outcome; also done for unknown names, so that it takes as long."""
        user_id = user.user_id if user is not None else None
        if not is_right:
            refusals.explain("the user is unknown, or the code is wrong or used")
            if user_id is not None:
                request_context.name_user(user_id)
            await self._audit.record(
                AccountEvent.OTP_REFUSED, user_id=user_id, actor=actor, succeeded=False
            )
        elif user is not None and not user.has_confirmed_otp:
            await self._notices.send(user, AccountEvent.OTP_CONFIRMED)

    def _open(self, user: User) -> str | None:
        if user.otp_secret is None:
            return None
        try:
            return self._box.open(user.otp_secret, context=user.user_id).decode()
        except SealError as error:
            log.error("the TOTP secret of user %s cannot be opened: %s", user.user_id, error)
            return None

    def _is_unused(self, user: User | None, step: int | None) -> bool:
        """Return whether a time step is unused as far as is known.

        Of many requests that use one at once, only one succeeds.
        """
        if user is None or step is None or f" {step} " in (user.otp_recent_steps or ""):
            return False
        last_step = user.otp_last_step
        return last_step is None or step > last_step or self._was_clock_set_back(user)

    def _was_clock_set_back(self, user: User) -> bool:
        """Return whether the last code used is of a time step in the future."""
        latest = totp.latest_step(now=self._clock.now(), drift=user.otp_drift)
        return user.otp_last_step is not None and user.otp_last_step > latest
