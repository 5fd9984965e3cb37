"""People: registration, enrolment, and what an operator may do to an account."""

import json
from collections.abc import Collection, Sequence

from app.clock import Clock
from app.errors import ConflictError, InvalidCredentialsError, InvalidInputError, NotFoundError
from app.models.users import User
from app.repositories.users import UserRepository
from app.schemas.claims import VERIFIED, StandardClaims
from app.schemas.otp import OtpEnrolled, OtpEnrolment
from app.schemas.users import UserCreate, UserCredentials, UserRegistered
from app.security import passwords, usernames
from app.security.tokens import new_identifier, new_salt
from app.services.authentication import AuthenticationService
from app.services.otp import OtpService
from app.services.password_hashing import PasswordHashing
from app.services.sessions import SessionService

COMMON_WARNING = (
    "This password is on the lists that attackers try first. A server in production refuses it."
)


class UserService:
    def __init__(
        self,
        users: UserRepository,
        hashing: PasswordHashing,
        otp: OtpService,
        authentication: AuthenticationService,
        sessions: SessionService,
        clock: Clock,
        *,
        refuses_common_passwords: bool,
    ) -> None:
        self._users = users
        self._hashing = hashing
        self._otp = otp
        self._authentication = authentication
        self._sessions = sessions
        self._clock = clock
        self._refuses_common_passwords = refuses_common_passwords

    async def register(self, body: UserCreate) -> UserRegistered:
        """Stores a person with an unconfirmed TOTP secret.

        Raises `ConflictError` for a taken name, whatever is known of its owner.
        """
        key = self._key_of(body.username)
        warning = self._check_new_password(body.password.get_secret_value())
        user_id = new_identifier()
        secret, sealed = self._otp.new_secret(user_id)
        user = User(
            user_id=user_id,
            username=body.username,
            username_key=key,
            password_hash=await self._hashing.hash(body.password.get_secret_value()),
            credentials_version=new_identifier(),
            otp_secret=sealed,
            otp_confirmed_at=None,
            otp_last_step=None,
            disabled_at=None,
            created_at=self._clock.now(),
            claims=json.dumps(body.stated_claims()),
            claims_updated_at=None,
            pairwise_salt=new_salt(),
        )
        enrolment = await self._otp.enrolment(secret, username=user.username)
        if not await self._users.add(user):
            raise ConflictError("The user name is taken.", error="username_taken")
        return UserRegistered(
            message="User registered",
            otp_uri=enrolment.otp_uri,
            qr_code=enrolment.qr_code,
            warning=warning,
        )

    async def enroll_otp(self, body: UserCredentials) -> OtpEnrolled:
        """Hands the owner of an unconfirmed enrolment a new secret; the old one dies."""
        user = await self._authentication.check_password(
            body.username, body.password.get_secret_value()
        )
        if user is None:
            raise InvalidCredentialsError("The user name or the password is wrong.")
        secret, sealed = self._otp.new_secret(user.user_id)
        enrolment = await self._otp.enrolment(secret, username=user.username)
        if not await self._users.enroll_otp(user, sealed):
            raise ConflictError("The enrolment is already confirmed.", error="already_enrolled")
        return OtpEnrolled(
            message="New secret enrolled", otp_uri=enrolment.otp_uri, qr_code=enrolment.qr_code
        )

    async def begin_enrolment(self, user: User) -> str | None:
        """A new TOTP secret for who just gave his password; None once one is confirmed."""
        secret, sealed = self._otp.new_secret(user.user_id)
        return secret if await self._users.enroll_otp(user, sealed) else None

    async def set_claims(
        self,
        username: str,
        changes: StandardClaims,
        *,
        unset: Collection[str] = (),
        vouched_for: Collection[str] = (),
    ) -> User:
        """Changes what is kept about a person; `vouched_for` are claims such as `email_verified`.

        An address that is set again has to be verified again. Raises `ConflictError` where
        somebody else changed the claims at the same time.
        """
        user = await self.get(username)
        kept: dict[str, object] = {**json.loads(user.claims), **changes.stated_claims()}
        for name in unset:
            kept.pop(name, None)
            kept.pop(VERIFIED.get(name, name), None)
        for name in vouched_for:
            if name not in kept:
                raise InvalidInputError(f"There is nothing that {name} could be about.")
            kept[name] = True
        now = self._clock.now()
        if not await self._users.replace_claims(user, json.dumps(kept), now=now):
            raise ConflictError("The claims changed at the same time. Try again.")
        return await self.get(username)

    async def find(self, user_id: str) -> User | None:
        return await self._users.find(user_id)

    async def get(self, username: str) -> User:
        """Raises `NotFoundError`."""
        key = usernames.key_or_none(username)
        user = await self._users.find_by_key(key) if key is not None else None
        if user is None:
            raise NotFoundError("There is no user of that name.")
        return user

    async def list_page(self, *, after: str = "") -> Sequence[User]:
        return await self._users.list_page(after=after)

    async def reset_otp(self, username: str) -> OtpEnrolment:
        """Puts a new secret in the place of a lost one and ends every sign-in."""
        user = await self.get(username)
        secret, sealed = self._otp.new_secret(user.user_id)
        enrolment = await self._otp.enrolment(secret, username=user.username)
        await self._users.reset_otp(user.user_id, sealed)
        await self._sessions.end_all(user.user_id)
        return enrolment

    async def reset_password(self, username: str, password: str) -> None:
        """Sets a password and ends every sign-in; raises `InvalidInputError` for a bad one."""
        user = await self.get(username)
        self._check_new_password(password)
        await self._users.set_password_hash(user.user_id, await self._hashing.hash(password))
        await self._sessions.end_all(user.user_id)

    async def set_disabled(self, username: str, *, disabled: bool) -> User:
        """A disabled person is signed out, cannot sign in, and has no tokens meanwhile."""
        user = await self.get(username)
        await self._users.set_disabled(user.user_id, self._clock.now() if disabled else None)
        if disabled:
            await self._sessions.end_all(user.user_id)
        return await self.get(username)

    def _key_of(self, username: str) -> str:
        try:
            return usernames.key_of(username)
        except usernames.UsernameError as error:
            raise InvalidInputError(str(error), error="invalid_username") from None

    def _check_new_password(self, password: str) -> str | None:
        """Gives a warning for a common password where production would refuse it."""
        problem = passwords.problem_with(password)
        if problem is not None:
            raise InvalidInputError(problem, error="invalid_password")
        if not passwords.is_common(password):
            return None
        if self._refuses_common_passwords:
            raise InvalidInputError(
                "This password is on the lists that attackers try first. Choose another one.",
                error="common_password",
            )
        return COMMON_WARNING
