"""Export and deletion of all data of a user."""

import json
from datetime import datetime
from typing import Any

from app.clock import Clock
from app.models.accounts.users import User
from app.models.operations.audit_events import AuditEvent
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.accounts import AccountRepository
from app.repositories.clients.clients import ClientRepository
from app.security.passwords import has_password
from app.services.accounts.entitlements import EntitlementService
from app.services.accounts.events import AccountEvent
from app.services.accounts.notices import Notices
from app.services.accounts.sessions import SessionService
from app.services.clients.consents import ConsentService
from app.services.clients.usage import ClientUsageService
from app.services.operations.audit import AuditLog

PAGE = 200


class AccountData:
    def __init__(
        self,
        *,
        account_repository: AccountRepository,
        client_repository: ClientRepository,
        sessions: SessionService,
        consents: ConsentService,
        usage: ClientUsageService,
        entitlements: EntitlementService,
        audit: AuditLog,
        notices: Notices,
        clock: Clock,
    ) -> None:
        self._account_repository = account_repository
        self._client_repository = client_repository
        self._sessions = sessions
        self._consents = consents
        self._usage = usage
        self._entitlements = entitlements
        self._audit = audit
        self._notices = notices
        self._clock = clock

    async def export(self, user: User) -> dict[str, Any]:
        """Return everything that is stored about a user, as JSON.

        Of secrets it contains only that they exist.
        """
        await self._audit.record(AccountEvent.DATA_EXPORTED, user_id=user.user_id)
        return {
            "exported_at": _iso(self._clock.now()),
            "account": {
                "user_id": user.user_id,
                "username": user.username,
                "created_at": _iso(user.created_at),
                "profile": user.claim_values,
                "profile_updated_at": _iso(user.claims_updated_at),
            },
            **await self._memberships(user),
            "signing_in": await self._factors(user),
            "sessions": [
                {
                    "browser": session.user_agent,
                    "address": session.address,
                    "methods": session.amr.split(),
                    "signed_in_at": _iso(session.auth_time),
                    "last_seen_at": _iso(session.last_seen_at),
                }
                for session in await self._sessions.list_of(user.user_id)
            ],
            "applications": await self._applications(user),
            "personal_access_tokens": await self._personal_tokens(user),
            "other_providers": [
                {
                    "provider": identity.provider,
                    "issuer": identity.issuer,
                    "subject": identity.subject,
                    "label": identity.label,
                    "linked_at": _iso(identity.linked_at),
                    "last_used_at": _iso(identity.last_used_at),
                }
                for identity in await self._account_repository.list_identities(user.user_id)
            ],
            "activity": [_event(event) for event in await self._activity(user)],
        }

    async def delete(
        self, user: User, *, is_full: bool, session_ended: NewEvent | None = None
    ) -> bool:
        """Delete an account permanently; return False if it was deleted already.

        The clients in the user's sessions and the user are notified. The audit log keeps its
        events. If the user deletes it themselves, `session_ended` records the end of their session.
        `is_full` says that the caller is a full administrator, or the user. Raise
        `LastAdministratorError` for the account of the last administrator.
        """
        deleted = self._audit.event(AccountEvent.USER_DELETED, user_id=user.user_id)
        events = [deleted] if session_ended is None else [session_ended, deleted]
        if not await self._account_repository.delete(
            user.user_id, is_full=is_full, now=self._clock.now(), events=events
        ):
            return False
        await self._notices.send(user, AccountEvent.USER_DELETED)
        return True

    async def _memberships(self, user: User) -> dict[str, Any]:
        entitlements = await self._entitlements.of(user.user_id)
        return {
            "groups": list(entitlements.group_names),
            "roles": [
                {"client_id": client_id or None, "name": name}
                for client_id, name in sorted(entitlements.roles)
            ],
            "attributes": {**entitlements.attributes, **entitlements.own_attributes},
        }

    async def _factors(self, user: User) -> dict[str, Any]:
        user_id = user.user_id
        return {
            "has_password": has_password(user.password_hash),
            "authenticator_app_confirmed_at": _iso(user.otp_confirmed_at),
            "passkeys": [
                {
                    "name": passkey.name,
                    "created_at": _iso(passkey.created_at),
                    "last_used_at": _iso(passkey.last_used_at),
                }
                for passkey in await self._account_repository.list_passkeys(user_id)
            ],
            "recovery_codes_left": await self._account_repository.count_recovery_codes(user_id),
            "remembered_browsers": [
                {"browser": user_agent, "since": _iso(since)}
                for user_agent, since in await self._account_repository.list_trusted_browsers(
                    user_id
                )
            ],
        }

    async def _applications(self, user: User) -> list[dict[str, Any]]:
        uses = await self._usage.uses_of_user(user.user_id)
        applications = []
        for consent in await self._consents.list_of(user):
            client = await self._client_repository.find(consent.client_id, now=self._clock.now())
            use = uses.get(consent.client_id)
            applications.append(
                {
                    "client_id": consent.client_id,
                    "name": client.client_name if client is not None else None,
                    "scopes": sorted(consent.scopes),
                    "resources": {
                        identifier: sorted(names)
                        for identifier, names in consent.granted.scopes.items()
                    },
                    "allowed_at": _iso(consent.granted_at),
                    "last_used_at": _iso(use.last_used_at) if use is not None else None,
                    "last_used_from": use.address or None if use is not None else None,
                }
            )
        return applications

    async def _personal_tokens(self, user: User) -> list[dict[str, Any]]:
        return [
            {
                "name": token.name,
                "resource": token.audience,
                "scopes": token.scope.split(),
                "created_at": _iso(token.created_at),
                "expires_at": _iso(token.expires_at),
                "last_used_at": _iso(token.last_used_at),
            }
            for token in await self._account_repository.list_personal_tokens(user.user_id)
        ]

    async def _activity(self, user: User) -> list[AuditEvent]:
        """Return the audit events of a user, the newest first."""
        events: list[AuditEvent] = []
        before = None
        while page := await self._audit.list_of_user(user.user_id, before=before, limit=PAGE):
            events.extend(page)
            before = page[-1].sequence
        return events


def _event(event: AuditEvent) -> dict[str, Any]:
    return {
        "at": _iso(event.at),
        "action": event.action,
        "outcome": event.outcome,
        "by": event.actor,
        "client_id": event.client_id,
        "address": event.address,
        "details": json.loads(event.details),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None
