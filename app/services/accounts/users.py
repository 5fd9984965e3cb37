"""User accounts: registration, enrolment, and what an operator can do to an account."""

import json
from collections.abc import Collection, Sequence
from typing import NamedTuple

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError, InvalidCredentialsError, NotFoundError
from app.models.accounts.sessions import Session
from app.models.accounts.user_claims import email_key_in
from app.models.accounts.users import User
from app.repositories.accounts.users import UserRepository
from app.schemas.claims import VERIFIED, StandardClaims
from app.schemas.otp import OtpEnrolled, OtpEnrolment
from app.schemas.search_words import search_words_of
from app.schemas.users import UserCreate, UserCredentials, UserRegistered
from app.security import usernames
from app.security.tokens import new_identifier, new_salt
from app.services.accounts.authentication import AuthenticationService
from app.services.accounts.events import AccountEvent
from app.services.accounts.new_passwords import NewPasswords
from app.services.accounts.notices import Notices
from app.services.accounts.password_hashing import PasswordHashing
from app.services.accounts.sessions import SessionService, SignedIn
from app.services.accounts.sign_in_names import new_name, require_no_address, taken
from app.services.accounts.stated_claims import (
    check_preferred_username,
    with_vouched,
    without_username,
)
from app.services.factors.otp import OtpService
from app.services.operations.audit import AuditLog


class NewUser(NamedTuple):
    """A new user, the enrolment that is shown once, and a warning about the password."""

    user: User
    enrolment: OtpEnrolment
    warning: str | None


class UserService:
    def __init__(
        self,
        *,
        user_repository: UserRepository,
        password_hashing: PasswordHashing,
        otp: OtpService,
        authentication: AuthenticationService,
        sessions: SessionService,
        clock: Clock,
        audit: AuditLog,
        notices: Notices,
        new_passwords: NewPasswords,
    ) -> None:
        self._user_repository = user_repository
        self._password_hashing = password_hashing
        self._otp = otp
        self._authentication = authentication
        self._sessions = sessions
        self._clock = clock
        self._audit = audit
        self._notices = notices
        self._new_passwords = new_passwords

    async def register(self, body: UserCreate) -> UserRegistered:
        """Store a user with an unconfirmed TOTP secret; raise the errors of `create`."""
        new = await self.create(body)
        return UserRegistered(
            message="User registered",
            otp_uri=new.enrolment.otp_uri,
            qr_code=new.enrolment.qr_code,
            warning=new.warning,
        )

    async def create(self, body: UserCreate, *, vouched_for: Collection[str] = ()) -> NewUser:
        """Store a user with an unconfirmed TOTP secret.

        `vouched_for` are claims such as `email_verified`. Raise `ConflictError` for a taken
        username, whatever the state of that account.
        """
        name = new_name(body.username)
        check_preferred_username(body, name.spelling)
        claims = with_vouched(without_username(body.stated_claims()), vouched_for)
        warning = await self._new_passwords.check(
            body.password.get_secret_value(), [name.spelling, *names_in(body.email)]
        )
        user_id, text = new_identifier(), json.dumps(claims)
        secret, sealed = self._otp.new_secret(user_id)
        user = User(
            user_id=user_id,
            username=name.spelling,
            username_key=name.key,
            password_hash=await self._password_hashing.hash(body.password.get_secret_value()),
            credentials_version=new_identifier(),
            otp_secret=sealed,
            otp_confirmed_at=None,
            otp_last_step=None,
            disabled_at=None,
            created_at=self._clock.now(),
            claims=text,
            claims_updated_at=None,
            pairwise_salt=new_salt(),
            email_key=email_key_in(text),
            search_words=search_words_of(name.spelling, text),
        )
        enrolment = await self._otp.enrolment(secret, username=user.username)
        await require_no_address(self._user_repository, name)
        event = self._audit.event(AccountEvent.USER_REGISTERED, user_id=user_id)
        if not await self._user_repository.add(user, event=event):
            raise taken()
        return NewUser(user, enrolment, warning)

    async def enroll_otp(self, body: UserCredentials) -> OtpEnrolled:
        """Replace the TOTP secret of an unconfirmed enrolment; the old secret becomes invalid.

        Raise `InvalidCredentialsError`, or `ConflictError` if the user has a second factor.
        """
        user = await self._authentication.check_password(
            body.username, body.password.get_secret_value()
        )
        if user is None:
            raise InvalidCredentialsError(Detail.CREDENTIALS_WRONG)
        secret, sealed = self._otp.new_secret(user.user_id)
        enrolment = await self._otp.enrolment(secret, username=user.username)
        if not await self._user_repository.enroll_otp(user, sealed):
            raise ConflictError(Detail.ALREADY_ENROLLED)
        return OtpEnrolled(
            message="New secret enrolled", otp_uri=enrolment.otp_uri, qr_code=enrolment.qr_code
        )

    async def begin_enrolment(self, user: User) -> str | None:
        """Return a new TOTP secret for a user whose password was just checked.

        Return None if the user has a second factor.
        """
        secret, sealed = self._otp.new_secret(user.user_id)
        return secret if await self._user_repository.enroll_otp(user, sealed) else None

    async def set_claims(
        self,
        username: str,
        changes: StandardClaims,
        *,
        unset: Collection[str] = (),
        vouched_for: Collection[str] = (),
        since: User | None = None,
    ) -> User:
        """Change the stored claims of a user; `vouched_for` are claims such as `email_verified`.

        An email address that is set again has to be verified again. Raise `ConflictError` if
        another request changed the claims at the same time, or since `since` was read.
        """
        user = since or await self.get(username)
        check_preferred_username(changes, user.username)
        claims = without_username({**user.claim_values, **changes.stated_claims()})
        for name in unset:
            claims.pop(name, None)
            claims.pop(VERIFIED.get(name, name), None)
        claims = with_vouched(claims, vouched_for)
        now = self._clock.now()
        names = sorted({*changes.stated_claims(), *unset, *vouched_for})
        event = self._audit.event(AccountEvent.CLAIMS_CHANGED, user_id=user.user_id, claims=names)
        if not await self._user_repository.replace_claims(
            user, json.dumps(claims), now=now, event=event
        ):
            raise ConflictError(Detail.CLAIMS_CHANGED)
        return await self.get(username)

    async def find(self, user_id: str) -> User | None:
        return await self._user_repository.find(user_id)

    async def get(self, username: str) -> User:
        """Return the user of this name; raise `NotFoundError` if there is none."""
        key = usernames.key_or_none(username)
        user = await self._user_repository.find_by_key(key) if key is not None else None
        if user is None:
            raise NotFoundError(Detail.USER_UNKNOWN)
        return user

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[User]:
        return await self._user_repository.list_page(after=after, limit=limit)

    async def reset_otp(self, username: str) -> OtpEnrolment:
        """Replace a lost TOTP secret with a new one and sign the user out everywhere."""
        user = await self.get(username)
        secret, sealed = self._otp.new_secret(user.user_id)
        enrolment = await self._otp.enrolment(secret, username=user.username)
        event = self._audit.event(AccountEvent.OTP_RESET, user_id=user.user_id)
        await self._user_repository.credentials.reset_otp(
            user.user_id, sealed, now=self._clock.now(), event=event
        )
        await self._notices.send(user, AccountEvent.OTP_RESET)
        return enrolment

    async def factor_changed(self, user: User, *, session: Session) -> tuple[str, SignedIn] | None:
        """Keep `session` signed in after its user replaced the authenticator app.

        Every other session has ended. Return the same as `change_password`.
        """
        updated = await self.find(user.user_id)
        if updated is None:
            return None  # deleted at the same time
        await self._notices.send(updated, AccountEvent.OTP_CHANGED)
        return await self._sessions.go_on(updated, session)

    async def stay_signed_in(self, user: User, *, session: Session) -> tuple[str, SignedIn] | None:
        """Keep `session` signed in after its user removed a way to sign in.

        The removal ended every other session. Return the same as `change_password`.
        """
        updated = await self.find(user.user_id)
        return await self._sessions.go_on(updated, session) if updated is not None else None

    async def reset_password(self, username: str, password: str) -> None:
        """Set a password and sign the user out everywhere.

        Raise `InvalidInputError` for an unacceptable password.
        """
        user = await self.get(username)
        await self._new_passwords.check(password, names_of(user))
        hashed = await self._password_hashing.hash(password)
        event = self._audit.event(AccountEvent.PASSWORD_RESET, user_id=user.user_id)
        await self._user_repository.credentials.set_password_hash(
            user.user_id, hashed, now=self._clock.now(), event=event
        )
        await self._notices.send(user, AccountEvent.PASSWORD_RESET)

    async def hash_of_new_password(self, user: User, password: str) -> str:
        """Return the hash of an acceptable password; raise `InvalidInputError` for any other."""
        await self._new_passwords.check(password, names_of(user))
        return await self._password_hashing.hash(password)

    async def change_password(
        self, user: User, password: str, *, session: Session
    ) -> tuple[str, SignedIn] | None:
        """Set another password and sign the user out everywhere except in `session`.

        Return `session` and its new secret, or None if it has ended. Raise `InvalidInputError` for
        an unacceptable password and `ConflictError` if the password was changed at the same time.
        """
        await self._new_passwords.check(password, names_of(user))
        hashed = await self._password_hashing.hash(password)
        event = self._audit.event(AccountEvent.PASSWORD_CHANGED, user_id=user.user_id)
        if not await self._user_repository.credentials.set_password_hash(
            user.user_id,
            hashed,
            known_version=user.credentials_version,
            except_session_id=session.session_id,
            now=self._clock.now(),
            event=event,
        ):
            raise ConflictError(Detail.PASSWORD_CHANGED)
        updated = await self.find(user.user_id)
        if updated is None:
            return None  # deleted at the same time
        await self._notices.send(updated, AccountEvent.PASSWORD_CHANGED)
        return await self._sessions.go_on(updated, session)

    async def set_disabled(self, username: str, *, disabled: bool) -> User:
        """Disable or enable a user.

        A disabled user is signed out, cannot sign in, and has no valid tokens until enabled again.
        """
        user = await self.get(username)
        action = AccountEvent.USER_DISABLED if disabled else AccountEvent.USER_ENABLED
        event = self._audit.event(action, user_id=user.user_id)
        now = self._clock.now()
        await self._user_repository.credentials.set_disabled(
            user.user_id, now if disabled else None, now=now, event=event
        )
        if disabled and not user.is_disabled:
            await self._notices.send(user, AccountEvent.USER_DISABLED)
        return await self.get(username)


def names_of(user: User) -> list[str]:
    """Return the names that a stranger would try as the password of this user."""
    return [user.username, *names_in(user.standard_claims.email)]


def names_in(email: str | None) -> list[str]:
    return [email, email.partition("@")[0]] if email else []
