"""User accounts: registration, enrolment, and what users change themselves."""

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError, InvalidCredentialsError, NotFoundError
from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.repositories.accounts.users import UserRepository
from app.schemas.claims import StandardClaims
from app.schemas.otp import OtpEnrolled, OtpEnrolment
from app.schemas.users import UserCreate, UserCredentials, UserRegistered
from app.security import usernames
from app.security.tokens import new_identifier
from app.services.accounts.authentication import AuthenticationService
from app.services.accounts.events import AccountEvent
from app.services.accounts.new_passwords import NewPasswords, names_in
from app.services.accounts.new_users import new_user
from app.services.accounts.notices import Notices
from app.services.accounts.sessions import SessionService, SignedIn
from app.services.accounts.sign_in_names import new_name, require_no_address, taken
from app.services.accounts.stated_claims import (
    changed_claims,
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
        new_passwords: NewPasswords,
        otp: OtpService,
        authentication: AuthenticationService,
        sessions: SessionService,
        clock: Clock,
        audit: AuditLog,
        notices: Notices,
    ) -> None:
        self._user_repository = user_repository
        self._new_passwords = new_passwords
        self._otp = otp
        self._authentication = authentication
        self._sessions = sessions
        self._clock = clock
        self._audit = audit
        self._notices = notices

    async def register(self, body: UserCreate) -> UserRegistered:
        """Store a user with an unconfirmed TOTP secret; raise the errors of `create`."""
        new = await self.create(body, is_full=True)
        return UserRegistered(
            message="User registered",
            otp_uri=new.enrolment.otp_uri,
            qr_code=new.enrolment.qr_code,
            warning=new.warning,
        )

    async def create(
        self, body: UserCreate, *, vouched_for: Collection[str] = (), is_full: bool
    ) -> NewUser:
        """Store a user with an unconfirmed TOTP secret.

        `vouched_for` are claims such as `email_verified`. `is_full` says that the caller is a full
        administrator, or the user. Raise `ConflictError` for a taken username, whatever the state
        of that account.
        """
        name = new_name(body.username)
        check_preferred_username(body, name.spelling)
        claims = with_vouched(without_username(body.stated_claims()), vouched_for)
        new_password = await self._new_passwords.hash(
            body.password.get_secret_value(), names=[name.spelling, *names_in(body.email)]
        )
        user_id = new_identifier()
        secret, sealed = self._otp.new_secret(user_id)
        user = new_user(
            name,
            claims,
            user_id=user_id,
            password_hash=new_password.password_hash,
            otp_secret=sealed,
            now=self._clock.now(),
        )
        enrolment = await self._otp.enrolment(secret, username=user.username)
        await require_no_address(self._user_repository, name)
        event = replace(
            self._audit.event(AccountEvent.USER_REGISTERED, user_id=user_id),
            is_preparation=not is_full,
        )
        if not await self._user_repository.add(user, is_full=is_full, event=event):
            raise taken()
        return NewUser(user, enrolment, new_password.warning)

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
        self, user: User, changes: StandardClaims, *, unset: Collection[str] = ()
    ) -> User:
        """Change the stored claims of a user, as the user.

        An email address that is set again has to be verified again. Raise `ConflictError` if
        another request changed the claims since `user` was read.
        """
        claims = changed_claims(user, changes, unset=unset)
        names = sorted({*changes.stated_claims(), *unset})
        event = self._audit.event(AccountEvent.CLAIMS_CHANGED, user_id=user.user_id, claims=names)
        if not await self._user_repository.replace_claims(
            user, json.dumps(claims), is_full=True, now=self._clock.now(), event=event
        ):
            raise ConflictError(Detail.CLAIMS_CHANGED)
        return await self.get_by_id(user.user_id)

    async def find(self, user_id: str) -> User | None:
        return await self._user_repository.find(user_id)

    async def get(self, username: str) -> User:
        """Return the user of this name; raise `NotFoundError` if there is none."""
        key = usernames.key_or_none(username)
        user = await self._user_repository.find_by_key(key) if key is not None else None
        if user is None:
            raise NotFoundError(Detail.USER_UNKNOWN)
        return user

    async def get_by_id(self, user_id: str) -> User:
        """Return the user with this id; raise `NotFoundError` if there is none."""
        user = await self.find(user_id)
        if user is None:
            raise NotFoundError(Detail.USER_UNKNOWN)
        return user

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[User]:
        return await self._user_repository.list_page(after=after, limit=limit)

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

    async def change_password(
        self, user: User, password: str, *, session: Session
    ) -> tuple[str, SignedIn] | None:
        """Set another password and sign the user out everywhere except in `session`.

        Return `session` and its new secret, or None if it has ended. Raise `InvalidInputError` for
        an unacceptable password and `ConflictError` if the password was changed at the same time.
        """
        hashed = await self._new_passwords.hash_for(user, password)
        event = self._audit.event(AccountEvent.PASSWORD_CHANGED, user_id=user.user_id)
        if not await self._user_repository.credentials.set_password_hash(
            user.user_id,
            hashed,
            is_full=True,
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
