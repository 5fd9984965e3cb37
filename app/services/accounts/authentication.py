"""Authentication by password, and by a code if the policy requires one."""

from collections.abc import Awaitable, Callable
from typing import Literal

from app.models.accounts.users import User
from app.observability import refusals, request_context
from app.repositories.accounts.known_networks import Way
from app.repositories.accounts.users import UserRepository
from app.security import usernames
from app.services.accounts.events import AccountEvent
from app.services.accounts.known_networks import KnownNetworks
from app.services.accounts.notices import Notices
from app.services.accounts.password_hashing import PasswordCheck, PasswordHashing
from app.services.accounts.sign_in_names import find_user
from app.services.factors.otp import OtpService
from app.services.operations.audit import ANONYMOUS, AuditLog
from app.services.operations.limits import Limits

PROBLEMS = {
    "password": "the password is wrong or the user is disabled",
    "enrolment": "the enrolment is not confirmed",
    "code": "the code is missing, wrong or used",
    "access": "the access policy of the client does not allow this user",
}
"""What is wrong with a sign-in, for the log."""


class AuthenticationService:
    """Password sign-in. Attempts are counted and refused with `TooManyRequestsError`."""

    def __init__(
        self,
        *,
        user_repository: UserRepository,
        password_hashing: PasswordHashing,
        otp: OtpService,
        limits: Limits,
        known_networks: KnownNetworks,
        audit: AuditLog,
        notices: Notices,
        otp_policy: Literal["enrolled", "every_login"],
    ) -> None:
        self._user_repository = user_repository
        self._password_hashing = password_hashing
        self._otp = otp
        self._limits = limits
        self._known_networks = known_networks
        self._audit = audit
        self._notices = notices
        self.requires_code = otp_policy == "every_login"

    async def check_password(self, username: str, password: str) -> User | None:
        """Return the user if the password is correct, otherwise None.

        An unknown user takes as long as a wrong password. `username` may be a verified email
        address, as in `sign_in`.
        """
        user = await find_user(self._user_repository, username)
        account = usernames.account_of(username)
        attempt = await self._limits.login_attempt(account, user, Way.PAGES)
        async with self._known_networks.notifying_owner(user, account):
            await self._limits.check(attempt)
            checked = await self._checked(user, password)
            await self._limits.settle(attempt.attempts, is_right=checked.is_right)
        if user is None or not checked.is_right:
            await self._refused(user, "password")
            return None
        await self._store_new_hash(user, checked)
        return user

    async def sign_in(
        self,
        username: str,
        password: str,
        *,
        code: str | None,
        client_id: str,
        may_use: Callable[[str], Awaitable[bool]],
    ) -> User | None:
        """Return the user if everything that the policy requires is correct, otherwise None.

        `may_use` returns whether the access policy of the client allows the user with an id. The
        reason is only logged: the response, the count and what is written are the same whichever
        part is wrong.
        """
        user = await find_user(self._user_repository, username)
        account = usernames.account_of(username)
        attempt = await self._limits.login_attempt(
            account, user, Way.GRANT, with_code=self.requires_code
        )
        async with self._known_networks.notifying_owner(user, account):
            await self._limits.check(attempt)
            checked = await self._checked(user, password)
            problem = self._problem(user, code, has_password=checked.is_right)
            is_allowed = await may_use(user.user_id if user is not None else "")
            problem = problem if is_allowed else problem or "access"
            clears = not self.requires_code or self._otp.is_unused(user, code or "")
            await self._limits.settle(
                attempt.attempts,
                is_right=problem is None,
                clears=clears,
                forgets=self._limits.failures_of(user),
            )
        if problem is None and user is not None and code is not None and self.requires_code:
            problem = None if await self._otp.spend_code(user, code) else "code"
        if user is None or problem is not None:
            await self._refused(user, problem or "password", client_id=client_id)
            return None
        await self._store_new_hash(user, checked)
        if not attempt.is_from_known_network:
            await self._limits.remember_address(user, Way.GRANT)
        await self._audit.record(
            AccountEvent.SIGN_IN_SUCCEEDED,
            user_id=user.user_id,
            client_id=client_id,
            by="password grant",
        )
        return user

    async def signed_in(self, user: User) -> None:
        """Remember the network of a sign-in on the pages.

        The user is notified if the network is new.
        """
        is_new = await self._limits.remember_address(user, Way.PAGES)
        await self._limits.forget_failures(user)
        if is_new:
            await self._notices.send(user, AccountEvent.SIGN_IN_SUCCEEDED)

    def _problem(self, user: User | None, code: str | None, *, has_password: bool) -> str | None:
        """Return what is wrong, as a word for the log, or None.

        Each part is checked, so that timing reveals nothing; a code is not consumed yet.
        """
        has_code = not self.requires_code or self._otp.may_be_code(user, code or "")
        if not has_password or user is None:
            return "password"
        if not user.has_confirmed_otp:
            return "enrolment"
        return None if has_code else "code"

    async def _checked(self, user: User | None, password: str) -> PasswordCheck:
        """Check a password, which is wrong for a disabled user."""
        checked = await self._password_hashing.check(password, user.password_hash if user else None)
        is_accepted = checked.is_right and user is not None and not user.is_disabled
        return checked if is_accepted else PasswordCheck(is_right=False)

    async def _store_new_hash(self, user: User, checked: PasswordCheck) -> None:
        """Replace an outdated hash after a sign-in.

        A refused sign-in never does: the next attempt would be faster, which would reveal that its
        password was right.
        """
        if checked.new_hash is not None:
            await self._user_repository.replace_password_hash(
                user.user_id, old=user.password_hash, new=checked.new_hash
            )

    async def _refused(
        self, user: User | None, reason: str, *, client_id: str | None = None
    ) -> None:
        """Record a refused sign-in; also done for unknown names, so that it takes as long."""
        problem = PROBLEMS[reason] if user is not None else "the user is unknown"
        refusals.explain(f"password sign-in refused: {problem}")
        if user is not None:
            request_context.name_user(user.user_id)
        await self._audit.record(
            AccountEvent.SIGN_IN_REFUSED,
            user_id=user.user_id if user else None,
            client_id=client_id,
            actor=ANONYMOUS,
            succeeded=False,
            reason=reason,
        )
