"""One-time passwords: secrets sealed at rest, codes that count once."""

from app.clock import Clock
from app.models.users import User
from app.observability.logging import logger
from app.repositories.users import UserRepository
from app.schemas.otp import OtpEnrolment
from app.security import qr_codes, totp, usernames
from app.security.encryption import SealError, SecretBox
from app.services.bounded_threads import BoundedThreads

log = logger(__name__)

DUMMY_SECRET = "A" * totp.SECRET_LENGTH


class OtpService:
    def __init__(
        self,
        users: UserRepository,
        box: SecretBox,
        threads: BoundedThreads,
        clock: Clock,
        *,
        issuer: str,
    ) -> None:
        self._users = users
        self._box = box
        self._threads = threads
        self._clock = clock
        self._issuer = issuer

    def new_secret(self, user_id: str) -> tuple[str, bytes]:
        """A secret, and the form in which it is stored."""
        secret = totp.new_secret()
        return secret, self._box.seal(secret.encode(), context=user_id)

    async def enrolment(self, secret: str, *, username: str) -> OtpEnrolment:
        """What an authenticator app needs; shown once and never again."""
        uri = totp.provisioning_uri(secret, username=username, issuer=self._issuer)
        qr_code = await self._threads.run(qr_codes.png_base64, uri)
        return OtpEnrolment(otp_uri=uri, qr_code=qr_code)

    async def verify_code(self, username: str, code: str) -> bool:
        """Whether the code is this person's, now and for the first time; confirms an enrolment.

        An unknown person, a disabled one and a wrong code look the same.
        """
        key = usernames.key_or_none(username)
        user = await self._users.find_by_key(key) if key is not None else None
        if user is None or user.is_disabled:
            totp.matching_step(DUMMY_SECRET, code, now=self._clock.now())
            return False
        return await self.use_code(user, code)

    async def use_code(self, user: User, code: str) -> bool:
        """Takes a right code out of use; False for a wrong or used one (RFC 6238 section 5.2)."""
        secret = self._open(user)
        now = self._clock.now()
        step = totp.matching_step(secret or DUMMY_SECRET, code, now=now)
        if secret is None or step is None:
            return False
        return await self._users.use_otp_step(user, step, now=now)

    def _open(self, user: User) -> str | None:
        if user.otp_secret is None:
            return None
        try:
            return self._box.open(user.otp_secret, context=user.user_id).decode()
        except SealError as error:
            log.error("the TOTP secret of user %s cannot be opened: %s", user.user_id, error)
            return None
