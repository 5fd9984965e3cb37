"""Who signs in with a password, and whether he may."""

from typing import Literal

from app.models.users import User
from app.observability.logging import logger
from app.repositories.users import UserRepository
from app.security import usernames
from app.services.otp import OtpService
from app.services.password_hashing import PasswordHashing

log = logger(__name__)


class AuthenticationService:
    def __init__(
        self,
        users: UserRepository,
        hashing: PasswordHashing,
        otp: OtpService,
        *,
        otp_policy: Literal["enrolled", "every_login"],
    ) -> None:
        self._users = users
        self._hashing = hashing
        self._otp = otp
        self._wants_code = otp_policy == "every_login"

    async def check_password(self, username: str, password: str) -> User | None:
        """The person, if the password is his; unknown and wrong take the same time."""
        key = usernames.key_or_none(username)
        user = await self._users.find_by_key(key) if key is not None else None
        is_right = await self._hashing.verify(password, user.password_hash if user else None)
        if user is None or not is_right or user.is_disabled:
            return None
        if self._hashing.is_outdated(user.password_hash):
            await self._users.replace_password_hash(
                user.user_id, old=user.password_hash, new=await self._hashing.hash(password)
            )
        return user

    async def sign_in(self, username: str, password: str, *, code: str | None) -> User | None:
        """The person, if all that the policy asks for is right; the reason is only logged."""
        user = await self.check_password(username, password)
        if user is None:
            log.info("password sign-in refused: no such user, or a wrong password")
            return None
        if not user.has_confirmed_otp:
            log.info("password sign-in refused: user %s has not confirmed a TOTP", user.user_id)
            return None
        if self._wants_code and (code is None or not await self._otp.use_code(user, code)):
            log.info("password sign-in refused: user %s gave no fresh code", user.user_id)
            return None
        return user
