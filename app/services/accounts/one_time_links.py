"""One-time links: created for a purpose and a user, found by their secret, then used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from app.clock import Clock
from app.models.accounts.known_networks import KnownNetwork
from app.models.accounts.one_time_links import LinkPurpose, OneTimeLink
from app.models.accounts.users import User
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.mails import StoredMail
from app.repositories.accounts.known_networks import KNOWN_FOR, Way, digest_of_place
from app.repositories.accounts.one_time_links import OneTimeLinkRepository
from app.security.tokens import TokenKind, digest_of, new_token
from app.services.accounts.events import AccountEvent
from app.services.operations.mail import Outbox


@dataclass(frozen=True, slots=True)
class LinkMail:
    """The email of an event, which carries a link.

    `values_with` returns its values for the secret of the link.
    """

    outbox: Outbox
    recipient: str
    event: AccountEvent
    language: str
    values_with: Callable[[str], Mapping[str, str]]

    def stored(self, token: str, *, lasts: timedelta) -> StoredMail:
        values = self.values_with(token)
        return self.outbox.mail(
            self.recipient, self.event.mail, values, language=self.language, lasts=lasts
        )


class NewLink(NamedTuple):
    """A link that is not stored yet: its secret, its row, and the mail that carries it."""

    token: str
    link: OneTimeLink
    mail: StoredMail | None


class OneTimeLinks:
    """One-time links of users.

    A new link revokes the older ones of the same user and purpose that were created in the same
    way: by email, or by an administrator.
    """

    def __init__(self, one_time_link_repository: OneTimeLinkRepository, clock: Clock) -> None:
        self._one_time_link_repository = one_time_link_repository
        self._clock = clock

    async def create(
        self,
        purpose: LinkPurpose,
        user: User,
        *,
        email: str | None = None,
        lasts: timedelta,
        mail: LinkMail | None = None,
        is_full: bool,
        event: NewEvent,
    ) -> str:
        """Return the secret, which is contained in the link and not stored.

        The `mail` that carries it is stored together with the link. `is_full` says that the caller
        is a full administrator, or the user.
        """
        new = self.new_link(purpose, user, email=email, lasts=lasts, mail=mail)
        await self._one_time_link_repository.add(
            new.link, mail=new.mail, is_full=is_full, event=event
        )
        if mail is not None:
            mail.outbox.filled.set()
        return new.token

    def new_link(
        self,
        purpose: LinkPurpose,
        user: User,
        *,
        email: str | None = None,
        lasts: timedelta,
        mail: LinkMail | None = None,
    ) -> NewLink:
        """Return a link to store, with its secret and the mail that carries it."""
        token, now = new_token(TokenKind.ONE_TIME_LINK), self._clock.now()
        link = OneTimeLink(
            digest=digest_of(token),
            purpose=purpose,
            user_id=user.user_id,
            credentials_version=user.credentials_version,
            email=email,
            created_at=now,
            expires_at=now + lasts,
            used_at=None,
        )
        return NewLink(token, link, mail.stored(token, lasts=lasts) if mail is not None else None)

    async def find(self, token: str, purpose: LinkPurpose) -> OneTimeLink | None:
        """Return the link if it is valid, otherwise None."""
        if not TokenKind.ONE_TIME_LINK.matches(token):
            return None
        return await self._one_time_link_repository.find(
            digest_of(token), purpose, now=self._clock.now()
        )

    async def find_newest(self, user: User, purpose: LinkPurpose) -> OneTimeLink | None:
        """Return the newest valid link of a user, or None."""
        return await self._one_time_link_repository.find_newest(
            user.user_id, purpose, now=self._clock.now()
        )

    async def revoke_all(self, user_id: str) -> None:
        """Revoke all links of a user, whether requested by the user or by an administrator."""
        await self._one_time_link_repository.remove_all(user_id)

    async def use_for_password(
        self, link: OneTimeLink, password_hash: str, *, event: NewEvent
    ) -> bool:
        """Set a password; return False if the link is no longer valid."""
        return await self._one_time_link_repository.use_for_password(
            link.digest, link.purpose, password_hash, now=self._clock.now(), event=event
        )

    async def use_for_claims(
        self, link: OneTimeLink, owner: User, claims: str, *, event: NewEvent
    ) -> bool:
        """Store the claims that the link proves.

        Return False if the link is not valid or the claims have changed.
        """
        return await self._one_time_link_repository.use_for_claims(
            link.digest, link.purpose, owner, claims, now=self._clock.now(), event=event
        )

    async def use_for_network(
        self, link: OneTimeLink, owner: User, network: str, *, event: NewEvent
    ) -> bool:
        """Make a network known for the owner's sign-in on the pages.

        Return False if the link is no longer valid.
        """
        now = self._clock.now()
        place = KnownNetwork(
            digest=digest_of_place(owner, network, Way.PAGES),
            user_id=owner.user_id,
            expires_at=now + KNOWN_FOR,
        )
        return await self._one_time_link_repository.use_for_network(
            link.digest, link.purpose, place, now=now, event=event
        )
