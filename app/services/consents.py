"""Consent: what a person is asked, and what he need not be asked again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.clock import Clock
from app.models.audit_outbox import NewEvent
from app.models.clients import Client
from app.models.consents import Consent
from app.models.users import User
from app.repositories.consents import ConsentRepository
from app.services.audit import AuditLog
from app.services.client_fingerprints import fingerprint_of

FIRST_PARTY = "first_party"


@dataclass(frozen=True, slots=True)
class ConsentRequirement:
    """Whether the user must be asked, and the consent in force as far as it was looked up."""

    is_due: bool
    consent: Consent | None


class ConsentService:
    def __init__(self, consents: ConsentRepository, clock: Clock, audit: AuditLog) -> None:
        self._consents = consents
        self._clock = clock
        self._audit = audit

    async def find(self, user: User, client: Client) -> Consent | None:
        """Return the consent that is in force for the client as it is now."""
        consent = await self._consents.find(user.user_id, client.client_id)
        if consent is None or consent.client_fingerprint != fingerprint_of(client):
            return None
        return consent

    async def requirement(
        self,
        user: User,
        client: Client,
        scopes: frozenset[str],
        *,
        is_forced: bool,
        is_identity_sure: bool,
        is_given: bool,
    ) -> ConsentRequirement:
        """Find out whether the user must be asked.

        Forced, or by a client that anybody could be (RFC 8252 section 8.6), they are asked in each
        request; `is_given` says that they allowed this very one.
        """
        if client.trust == FIRST_PARTY and not is_forced and is_identity_sure:
            return ConsentRequirement(is_due=False, consent=None)
        consent = await self.find(user, client)
        if consent is None or not scopes <= consent.scopes:
            return ConsentRequirement(is_due=True, consent=consent)
        must_ask_again = (is_forced or not is_identity_sure) and not is_given
        return ConsentRequirement(is_due=must_ask_again, consent=consent)

    async def grant(self, user: User, client: Client, scopes: frozenset[str]) -> bool:
        """Store what the user allows; False where the account was deleted meanwhile."""
        given, event = self.given(user, client, scopes)
        return await self._consents.grant(given, event=event)

    def given(self, user: User, client: Client, scopes: frozenset[str]) -> tuple[Consent, NewEvent]:
        """Return the consent that a user gives now, and the event that tells of it."""
        consent = Consent(
            user_id=user.user_id,
            client_id=client.client_id,
            scope=" ".join(sorted(scopes)),
            granted_at=self._clock.now(),
            client_fingerprint=fingerprint_of(client),
        )
        event = self._audit.event(
            "consent.granted",
            user_id=user.user_id,
            client_id=client.client_id,
            scopes=sorted(scopes),
        )
        return consent, event

    async def list_of(self, user: User) -> Sequence[Consent]:
        """Each client that a person allowed something, or that has tokens of his without asking."""
        allowed = {each.client_id: each for each in await self._consents.list_of(user.user_id)}
        others: dict[str, Consent] = {}
        with_tokens = await self._consents.list_with_tokens(user.user_id, now=self._clock.now())
        for each in with_tokens:
            if each.client_id not in allowed:
                newest = others.setdefault(each.client_id, each)
                scope = " ".join(sorted(newest.scopes | each.scopes))
                others[each.client_id] = replace(newest, scope=scope)
        found = (*allowed.values(), *others.values())
        return sorted(found, key=lambda each: each.granted_at, reverse=True)

    async def revoke(self, user: User, client_id: str) -> bool:
        """Forgets a consent and ends every sign-in at that client; False where there was none."""
        event = self._audit.event("consent.revoked", user_id=user.user_id, client_id=client_id)
        now = self._clock.now()
        return await self._consents.revoke(user.user_id, client_id, now=now, event=event)

    async def last_uses(self, user: User) -> Mapping[str, datetime]:
        """When each client got tokens for a person last."""
        return await self._consents.last_uses(user.user_id)
