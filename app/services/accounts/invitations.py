"""Invitations as their users accept them."""

import json

from app.clock import Clock
from app.models.accounts.one_time_links import LinkPurpose, OneTimeLink
from app.models.accounts.users import User
from app.repositories.accounts.invitations import InvitationRepository
from app.repositories.accounts.users import UserRepository
from app.security.tokens import digest_of
from app.services.accounts.events import AccountEvent
from app.services.accounts.new_passwords import NewPasswords
from app.services.accounts.one_time_links import OneTimeLinks
from app.services.operations.audit import AuditLog


class Invitations:
    def __init__(
        self,
        *,
        user_repository: UserRepository,
        invitation_repository: InvitationRepository,
        one_time_links: OneTimeLinks,
        new_passwords: NewPasswords,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._user_repository = user_repository
        self._invitation_repository = invitation_repository
        self._one_time_links = one_time_links
        self._new_passwords = new_passwords
        self._audit = audit
        self._clock = clock

    async def find(self, token: str) -> tuple[OneTimeLink, User] | None:
        """Return the link and its user while it is valid, otherwise None.

        A link that was mailed is invalid once the user has another address.
        """
        link = await self._one_time_links.find(token, LinkPurpose.ACCEPT_INVITATION)
        user = await self._user_repository.find(link.user_id) if link is not None else None
        if link is None or user is None or link.email not in (None, user.standard_claims.email):
            return None
        return link, user

    async def accept(self, token: str, password: str) -> User | None:
        """Set the password of an invited user; a mailed link also verifies the address.

        Return None if the link is no longer valid. Raise `InvalidInputError` for an unacceptable
        password; the link then stays valid.
        """
        link_and_user = await self.find(token)
        if link_and_user is None:
            return None
        link, user = link_and_user
        password_hash = await self._new_passwords.hash_for(user, password)
        verified = {"email_verified": True} if link.email is not None else {}
        claims = json.dumps({**user.claim_values, **verified})
        event = self._audit.event(
            AccountEvent.INVITATION_ACCEPTED,
            user_id=user.user_id,
            email_verified=link.email is not None,
        )
        if not await self._invitation_repository.accept(
            digest_of(token), user, password_hash, claims, now=self._clock.now(), event=event
        ):
            return None
        return await self._user_repository.find(user.user_id)
