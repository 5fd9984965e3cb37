"""Consent: what a user is asked, and what they need not be asked again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.clock import Clock
from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.models.clients.consents import Consent
from app.models.oauth.granted_resources import GrantedResources
from app.models.operations.audit_outbox import NewEvent
from app.repositories.clients.consents import ConsentRepository, Delegation
from app.schemas.client_policies import ConsentPolicy
from app.services.accounts.events import AccountEvent
from app.services.clients.client_fingerprints import fingerprint_of
from app.services.operations.audit import AuditLog

FIRST_PARTY = "first_party"


@dataclass(frozen=True, slots=True)
class ConsentRequirement:
    """Whether the user must be asked, and the consent in force if it was looked up."""

    is_due: bool
    consent: Consent | None


class ConsentService:
    def __init__(
        self, *, consent_repository: ConsentRepository, clock: Clock, audit: AuditLog
    ) -> None:
        self._consent_repository = consent_repository
        self._clock = clock
        self._audit = audit

    async def find(self, user: User, client: Client) -> Consent | None:
        """Return the consent that is in force for the client as it is now."""
        consent = await self._consent_repository.find(user.user_id, client.client_id)
        if consent is None or consent.client_fingerprint != fingerprint_of(client):
            return None
        return consent

    async def requirement(
        self,
        user: User,
        client: Client,
        scopes: frozenset[str],
        *,
        resources: GrantedResources,
        is_forced: bool,
        is_identity_sure: bool,
        is_granted: bool,
    ) -> ConsentRequirement:
        """Return whether the user must be asked for consent.

        If consent is forced, by the request or its details, or by the policy of the client, or if
        any program could pose as the client (RFC 8252 section 8.6), the user is asked in each
        request; `is_granted` says that they have allowed this one.
        """
        policy = _policy_of(client)
        is_forced = is_forced or policy == "always"
        if policy == "never" and not is_forced and is_identity_sure:
            return ConsentRequirement(is_due=False, consent=None)
        consent = await self.find(user, client)
        if consent is None or not consent.includes(scopes, resources):
            return ConsentRequirement(is_due=True, consent=consent)
        must_ask_again = (is_forced or not is_identity_sure) and not is_granted
        return ConsentRequirement(is_due=must_ask_again, consent=consent)

    async def grant(
        self,
        user: User,
        client: Client,
        scopes: frozenset[str],
        *,
        resources: GrantedResources,
        detail_types: Sequence[str],
    ) -> bool:
        """Store what the user allows; return False if the account, or the document of the client,
        no longer exists."""
        consent, event = self.new_consent(
            user, client, scopes, resources=resources, detail_types=detail_types
        )
        return await self._consent_repository.grant(consent, event=event)

    def new_consent(
        self,
        user: User,
        client: Client,
        scopes: frozenset[str],
        *,
        resources: GrantedResources,
        detail_types: Sequence[str],
    ) -> tuple[Consent, NewEvent]:
        """Return the consent that a user gives now, and its audit event.

        Authorization details are asked for in each request: the event names their types, and the
        consent has none.
        """
        consent = Consent(
            user_id=user.user_id,
            client_id=client.client_id,
            scope=" ".join(sorted(scopes)),
            granted_at=self._clock.now(),
            client_fingerprint=fingerprint_of(client),
            resources=resources.stored(),
        )
        details: dict[str, Any] = {"scopes": sorted(scopes)}
        if client.identifier != client.client_id:  # a digest, which says nothing to a reader
            details["client_url"] = client.identifier
        if resources:
            details["resources"] = resources.scopes
        if detail_types:
            details["authorization_details_types"] = list(detail_types)
        event = self._audit.event(
            AccountEvent.CONSENT_GRANTED,
            user_id=user.user_id,
            client_id=client.client_id,
            **details,
        )
        return consent, event

    async def list_of(self, user: User) -> Sequence[Consent]:
        """Return the consents of a user, the newest first.

        A client that has tokens for the user without having asked is included.
        """
        allowed = {
            consent.client_id: consent
            for consent in await self._consent_repository.list_of(user.user_id)
        }
        others: dict[str, Consent] = {}
        with_tokens = await self._consent_repository.list_with_tokens(
            user.user_id, now=self._clock.now()
        )
        for consent in with_tokens:
            if consent.client_id not in allowed:
                newest = others.setdefault(consent.client_id, consent)
                scope = " ".join(sorted(newest.scopes | consent.scopes))
                granted = newest.granted.joined([consent.granted]).stored()
                others[consent.client_id] = replace(newest, scope=scope, resources=granted)
        consents = (*allowed.values(), *others.values())
        return sorted(consents, key=lambda each: each.granted_at, reverse=True)

    async def revoke(self, user: User, client_id: str) -> bool:
        """Revoke a consent and end every sign-in at that client.

        Return False if there was none.
        """
        event = self._audit.event(
            AccountEvent.CONSENT_REVOKED, user_id=user.user_id, client_id=client_id
        )
        return await self._consent_repository.revoke(
            user.user_id, client_id, is_full=True, now=self._clock.now(), event=event
        )

    async def delegations_of(self, user: User) -> Sequence[Delegation]:
        """Return by which chains of actors clients have tokens of other clients for a user."""
        return await self._consent_repository.list_delegations(user.user_id, now=self._clock.now())


def _policy_of(client: Client) -> ConsentPolicy:
    """Return the policy of a client, or else the one that follows from its trust."""
    policies = client.policies_in_force
    if policies is not None and policies.consent is not None:
        return policies.consent
    return "never" if client.trust == FIRST_PARTY else "remembered"
