"""A person's data as a whole: taken along, and deleted."""

import json
from datetime import datetime
from typing import Any

from app.clock import Clock
from app.models.audit_events import AuditEvent
from app.models.users import User
from app.repositories.accounts import AccountRepository
from app.repositories.clients import ClientRepository
from app.security.passwords import has_password
from app.services.audit import AuditLog
from app.services.consents import ConsentService
from app.services.notices import Notices
from app.services.sessions import SessionService

PAGE = 200


class AccountData:
    def __init__(
        self,
        accounts: AccountRepository,
        clients: ClientRepository,
        sessions: SessionService,
        consents: ConsentService,
        audit: AuditLog,
        notices: Notices,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._clients = clients
        self._sessions = sessions
        self._consents = consents
        self._audit = audit
        self._notices = notices
        self._clock = clock

    async def export(self, user: User) -> dict[str, Any]:
        """Everything that is kept about a person, as JSON; of secrets only that they are there."""
        await self._audit.record("user.data_exported", user_id=user.user_id)
        return {
            "exported_at": _said(self._clock.now()),
            "account": {
                "user_id": user.user_id,
                "username": user.username,
                "created_at": _said(user.created_at),
                "profile": json.loads(user.claims),
                "profile_updated_at": _said(user.claims_updated_at),
            },
            "signing_in": await self._factors(user),
            "sessions": [
                {
                    "browser": each.user_agent,
                    "address": each.address,
                    "methods": each.amr.split(),
                    "signed_in_at": _said(each.auth_time),
                    "last_seen_at": _said(each.last_seen_at),
                }
                for each in await self._sessions.list_of(user.user_id)
            ],
            "applications": await self._applications(user),
            "other_providers": [
                {
                    "provider": each.provider,
                    "issuer": each.issuer,
                    "subject": each.subject,
                    "label": each.label,
                    "linked_at": _said(each.linked_at),
                    "last_used_at": _said(each.last_used_at),
                }
                for each in await self._accounts.list_identities(user.user_id)
            ],
            "activity": [_event(each) for each in await self._activity(user)],
        }

    async def delete(self, user: User) -> bool:
        """Deletes an account for good; False where it was gone already.

        The clients in its sessions are told, and so is its owner. What the audit log holds stays.
        """
        event = self._audit.event("user.deleted", user_id=user.user_id)
        if not await self._accounts.delete(user.user_id, now=self._clock.now(), event=event):
            return False
        await self._notices.tell(user, "account_deleted")
        return True

    async def _factors(self, user: User) -> dict[str, Any]:
        user_id = user.user_id
        return {
            "has_password": has_password(user.password_hash),
            "authenticator_app_confirmed_at": _said(user.otp_confirmed_at),
            "passkeys": [
                {
                    "name": each.name,
                    "created_at": _said(each.created_at),
                    "last_used_at": _said(each.last_used_at),
                }
                for each in await self._accounts.list_passkeys(user_id)
            ],
            "recovery_codes_left": await self._accounts.count_recovery_codes(user_id),
            "remembered_browsers": [
                {"browser": user_agent, "since": _said(since)}
                for user_agent, since in await self._accounts.list_remembered_browsers(user_id)
            ],
        }

    async def _applications(self, user: User) -> list[dict[str, Any]]:
        used = await self._consents.last_uses(user)
        found = []
        for each in await self._consents.list_of(user):
            client = await self._clients.find(each.client_id)
            found.append(
                {
                    "client_id": each.client_id,
                    "name": client.client_name if client is not None else None,
                    "scopes": sorted(each.scopes),
                    "allowed_at": _said(each.granted_at),
                    "last_used_at": _said(used.get(each.client_id)),
                }
            )
        return found

    async def _activity(self, user: User) -> list[AuditEvent]:
        """The newest first."""
        found: list[AuditEvent] = []
        before = None
        while page := await self._audit.list_of_user(user.user_id, before=before, limit=PAGE):
            found.extend(page)
            before = page[-1].sequence
        return found


def _event(event: AuditEvent) -> dict[str, Any]:
    return {
        "at": _said(event.at),
        "action": event.action,
        "outcome": event.outcome,
        "by": event.actor,
        "client_id": event.client_id,
        "address": event.address,
        "details": json.loads(event.details),
    }


def _said(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None
