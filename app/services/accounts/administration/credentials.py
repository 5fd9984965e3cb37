"""Passwords and second factors of users, as administrators reset them."""

from datetime import datetime, timedelta

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError
from app.models.accounts.one_time_links import LinkPurpose
from app.models.accounts.users import User
from app.repositories.accounts.users import UserRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.otp import OtpEnrolment
from app.services.accounts.account_locks import AccountLocks
from app.services.accounts.administration.link_delivery import LinkDelivery
from app.services.accounts.events import AccountEvent
from app.services.accounts.new_passwords import NewPasswords
from app.services.accounts.notices import Notices, language_of
from app.services.accounts.one_time_links import LinkMail, OneTimeLinks
from app.services.accounts.users import UserService
from app.services.factors.otp import OtpService
from app.services.factors.passkeys import PasskeyService
from app.services.operations.audit import AuditLog
from app.services.operations.authority import Authority
from app.services.operations.links import Links
from app.services.operations.mail import Outbox

WRITE = AdminScope.USERS_WRITE
LASTS = timedelta(hours=24)


class CredentialAdministration:
    """Credentials of users. Without an outbox no link can be mailed.

    Those of an account that carries an administrative role need a full administrator.
    """

    def __init__(
        self,
        *,
        users: UserService,
        user_repository: UserRepository,
        new_passwords: NewPasswords,
        otp: OtpService,
        passkeys: PasskeyService,
        account_locks: AccountLocks,
        one_time_links: OneTimeLinks,
        links: Links,
        outbox: Outbox | None,
        audit: AuditLog,
        notices: Notices,
        clock: Clock,
    ) -> None:
        self._users = users
        self._user_repository = user_repository
        self._new_passwords = new_passwords
        self._otp = otp
        self._passkeys = passkeys
        self._account_locks = account_locks
        self._one_time_links = one_time_links
        self._links = links
        self._outbox = outbox
        self._audit = audit
        self._notices = notices
        self._clock = clock

    async def reset_otp(self, user_id: str, *, authority: Authority) -> OtpEnrolment:
        """Replace a lost TOTP secret with a new one and sign the user out everywhere."""
        authority.require(WRITE)
        user = await self._users.get_by_id(user_id)
        secret, sealed = self._otp.new_secret(user_id)
        enrolment = await self._otp.enrolment(secret, username=user.username)
        event = self._audit.event(AccountEvent.OTP_RESET, user_id=user_id)
        await self._user_repository.credentials.reset_otp(
            user_id,
            sealed,
            is_full=authority.is_full,
            now=self._clock.now(),
            event=authority.preparing(event),
        )
        await self._notices.send(user, AccountEvent.OTP_RESET)
        return enrolment

    async def reset_factors(self, user_id: str, *, authority: Authority) -> None:
        """Remove the authenticator app, passkeys and recovery codes, and sign the user out.

        The user sets up a second factor at the next sign-in.
        """
        authority.require(WRITE)
        user = await self._users.get_by_id(user_id)
        before = {
            "otp_confirmed": user.has_confirmed_otp,
            "passkeys": await self._passkeys.count_of(user),
        }
        event = self._audit.event(
            AccountEvent.FACTORS_RESET,
            user_id=user_id,
            before=before,
            after={"otp_confirmed": False, "passkeys": 0},
        )
        await self._user_repository.credentials.remove_factors(
            user_id,
            is_full=authority.is_full,
            now=self._clock.now(),
            event=authority.preparing(event),
        )
        await self._notices.send(user, AccountEvent.FACTORS_RESET)

    async def remove_passkeys(self, user_id: str, *, authority: Authority) -> list[str]:
        """Remove all passkeys of a user, sign them out everywhere, and return the names."""
        authority.require(WRITE)
        user, names = await self._users.get_by_id(user_id), []
        for passkey in await self._passkeys.list_of(user):
            if await self._passkeys.remove(
                user,
                passkey.passkey_id,
                except_session=None,
                even_last=True,
                keeps_factor=False,
                is_full=authority.is_full,
            ):
                await self._notices.send(user, AccountEvent.PASSKEY_REMOVED, name=passkey.name)
                names.append(passkey.name)
        return names

    async def set_password(self, user_id: str, password: str, *, authority: Authority) -> None:
        """Set a password and sign the user out everywhere.

        Raise `InvalidInputError` for an unacceptable password.
        """
        authority.require(WRITE)
        user = await self._users.get_by_id(user_id)
        password_hash = await self._new_passwords.hash_for(user, password)
        event = self._audit.event(AccountEvent.PASSWORD_RESET, user_id=user_id)
        await self._user_repository.credentials.set_password_hash(
            user_id,
            password_hash,
            is_full=authority.is_full,
            now=self._clock.now(),
            event=authority.preparing(event),
        )
        await self._notices.send(user, AccountEvent.PASSWORD_RESET)

    async def create_password_link(
        self, user_id: str, *, delivery: LinkDelivery, authority: Authority
    ) -> str | None:
        """Create a link for setting a password; return it, or None if it was mailed.

        It is mailed to the user's verified address. Raise `ConflictError` if there is none.
        """
        authority.require(WRITE)
        user = await self._users.get_by_id(user_id)
        mail = self._mail(user) if delivery.is_mailed else None
        event = self._audit.event(
            AccountEvent.PASSWORD_RESET_LINK_CREATED, user_id=user_id, mailed=delivery.is_mailed
        )
        if not delivery.is_mailed:
            event = authority.preparing(event)
        with delivery.allowed_by(authority) as is_full:
            token = await self._one_time_links.create(
                LinkPurpose.RESET_PASSWORD,
                user,
                email=user.email_key if mail is not None else None,
                lasts=LASTS,
                mail=mail,
                is_full=is_full,
                event=event,
            )
        return None if mail is not None else self._links.new_password(token)

    async def unlock(self, user_id: str, *, authority: Authority) -> datetime | None:
        """Lift the delay of a user's sign-in; return until when it would have lasted, or None."""
        authority.require(WRITE)
        user = await self._users.get_by_id(user_id)
        return await self._account_locks.clear(user, is_full=authority.is_full)

    def _mail(self, user: User) -> LinkMail:
        """Return the mail that carries a link; raise `ConflictError` if none can be sent."""
        address = user.standard_claims.verified_email
        if self._outbox is None:
            raise ConflictError(Detail.EMAIL_OFF)
        if address is None:
            raise ConflictError(Detail.EMAIL_NOT_VERIFIED)
        return LinkMail(
            self._outbox,
            address,
            AccountEvent.PASSWORD_RESET_LINK_CREATED,
            language_of(user),
            lambda token: {"username": user.username, "link": self._links.new_password(token)},
        )
