"""Webhooks, as administrators manage them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

from app.clock import Clock
from app.details import Detail
from app.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
    require_version,
)
from app.models.accounts.groups import MANUAL
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.webhooks import Webhook, WebhookDelivery
from app.observability.refusals import shown_uri
from app.outbound.http import OutboundHttp
from app.repositories.operations.webhook_deliveries import WebhookDeliveryRepository
from app.repositories.operations.webhooks import WebhookRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.webhooks import TEST_EVENT, WebhookBody, WebhookPayload
from app.security.encryption import SealError, SecretBox
from app.security.tokens import new_ordered_identifier
from app.security.webhook_signatures import new_webhook_secret
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority
from app.services.operations.webhook_sending import DeliveryError, WebhookSender

WRITE = AdminScope.WEBHOOKS_WRITE
MAXIMUM_WEBHOOKS = 50
LONGEST_OVERLAP = timedelta(days=30)


class NewSecret(NamedTuple):
    """A webhook and its new secret, which is shown once."""

    webhook: Webhook
    secret: str


class WebhookService:
    """Webhooks and their deliveries. A `version` that is given must be the current one."""

    def __init__(
        self,
        *,
        webhook_repository: WebhookRepository,
        webhook_delivery_repository: WebhookDeliveryRepository,
        sender: WebhookSender,
        box: SecretBox,
        outbound: OutboundHttp,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._webhook_repository = webhook_repository
        self._webhook_delivery_repository = webhook_delivery_repository
        self._sender = sender
        self._box = box
        self._outbound = outbound
        self._audit = audit
        self._clock = clock

    async def create(
        self, body: WebhookBody, *, owner: str = MANUAL, authority: Authority
    ) -> NewSecret:
        """Store a webhook and return it with its secret."""
        authority.require(WRITE)
        webhook_id, secret = new_ordered_identifier(), new_webhook_secret()
        webhook = Webhook(
            webhook_id=webhook_id,
            **self._values(body),
            sealed_secrets=self._sealed([secret], webhook_id),
            previous_secret_expires_at=None,
            owner=owner,
            version=1,
            created_at=self._clock.now(),
            last_success_at=None,
            failing_since=None,
        )
        event = self._event(ServerEvent.WEBHOOK_CREATED, webhook, after=shown_webhook(webhook))
        if not await self._webhook_repository.add(webhook, at_most=MAXIMUM_WEBHOOKS, event=event):
            raise ConflictError(Detail.TOO_MANY_WEBHOOKS)
        return NewSecret(webhook, secret)

    async def change(
        self,
        webhook_id: str,
        body: WebhookBody,
        *,
        owner: str | None = None,
        version: int | None = None,
        authority: Authority,
    ) -> Webhook:
        """Replace what an administrator states about a webhook.

        One that is enabled again starts without failures.
        """
        authority.require(WRITE)
        before = await self._get(webhook_id, version)
        after = replace(before, owner=owner or before.owner, **self._values(body))
        if after.is_enabled and not before.is_enabled:
            after = replace(after, failing_since=None)
        if after == before:
            return before
        event = self._event(
            ServerEvent.WEBHOOK_CHANGED,
            before,
            before=shown_webhook(before),
            after=shown_webhook(after),
        )
        return await self._store(before, after, event)

    async def rotate_secret(
        self,
        webhook_id: str,
        *,
        overlap: timedelta,
        version: int | None = None,
        authority: Authority,
    ) -> NewSecret:
        """Replace the secret and return the new one.

        For the time of `overlap`, events are signed with the current secret, too.
        """
        authority.require(WRITE)
        if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
            raise InvalidInputError(Detail.WEBHOOK_OVERLAP_INVALID, field="overlap")
        before = await self._get(webhook_id, version)
        secret = new_webhook_secret()
        secrets = [secret, *self._current_secrets(before)] if overlap else [secret]
        ends_at = self._clock.now() + overlap if len(secrets) > 1 else None
        after = replace(
            before,
            sealed_secrets=self._sealed(secrets, webhook_id),
            previous_secret_expires_at=ends_at,
        )
        event = self._event(
            ServerEvent.WEBHOOK_SECRET_ROTATED,
            before,
            before=_shown_overlap(before),
            after=_shown_overlap(after),
        )
        return NewSecret(await self._store(before, after, event), secret)

    async def delete(
        self, webhook_id: str, *, version: int | None = None, authority: Authority
    ) -> None:
        """Delete a webhook; what is pending for it is not delivered any more."""
        authority.require(WRITE)
        before = await self._get(webhook_id, version)
        event = self._event(ServerEvent.WEBHOOK_DELETED, before, before=shown_webhook(before))
        if not await self._webhook_repository.delete(before, event=event):
            raise StaleVersionError

    async def test(self, webhook_id: str, *, authority: Authority) -> str | None:
        """Send a test event at once, also for a disabled webhook.

        Return None if the receiver accepted it, otherwise why not.
        """
        authority.require(WRITE)
        webhook = await self.get(webhook_id)
        payload = WebhookPayload(
            type=TEST_EVENT,
            timestamp=self._clock.now().isoformat(),
            data={"webhook_id": webhook_id},
        )
        try:
            await self._sender.send(webhook, f"msg_{new_ordered_identifier()}", payload)
        except DeliveryError as error:
            return str(error)
        return None

    async def get(self, webhook_id: str) -> Webhook:
        """Return the webhook; raise `NotFoundError` if it is unknown."""
        webhook = await self._webhook_repository.find(webhook_id)
        if webhook is None:
            raise NotFoundError(Detail.WEBHOOK_UNKNOWN)
        return webhook

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[Webhook]:
        return await self._webhook_repository.list_page(after=after, limit=limit)

    async def deliveries(
        self, webhook_id: str, *, before: str = "", limit: int = 100
    ) -> Sequence[WebhookDelivery]:
        """Return a page of deliveries, newest first, beginning after the delivery `before`."""
        return await self._webhook_delivery_repository.list_page(
            webhook_id, before=before, limit=limit
        )

    async def _get(self, webhook_id: str, version: int | None) -> Webhook:
        webhook = await self.get(webhook_id)
        require_version(version, current=webhook.version)
        return webhook

    async def _store(self, before: Webhook, after: Webhook, event: NewEvent) -> Webhook:
        if not await self._webhook_repository.change(before, after, event=event):
            raise StaleVersionError
        return replace(after, version=before.version + 1)

    def _values(self, body: WebhookBody) -> dict[str, Any]:
        if not self._outbound.may_reach(body.url):
            raise InvalidInputError(Detail.WEBHOOK_URL_INVALID, field="url")
        return {
            "url": body.url,
            "description": body.description,
            "event_types": " ".join(body.event_types),
            "is_enabled": body.is_enabled,
        }

    def _sealed(self, secrets: list[str], webhook_id: str) -> bytes:
        return self._box.seal(json.dumps(secrets).encode(), context=webhook_id)

    def _current_secrets(self, webhook: Webhook) -> list[str]:
        """Return the current secret, or none if it cannot be opened: it signs nothing then."""
        try:
            opened = self._box.open(webhook.sealed_secrets, context=webhook.webhook_id)
        except SealError:
            return []
        secrets: list[str] = json.loads(opened)
        return secrets[:1]

    def _event(
        self,
        action: ServerEvent,
        webhook: Webhook,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> NewEvent:
        return self._audit.event(action, webhook_id=webhook.webhook_id, before=before, after=after)


def shown_webhook(webhook: Webhook) -> Mapping[str, Any]:
    """Return what the audit log says about a webhook: not the query of its URL, nor a secret."""
    return {
        "url": shown_uri(webhook.url),
        "description": webhook.description,
        "event_types": webhook.event_types.split(),
        "is_enabled": webhook.is_enabled,
        "owner": webhook.owner,
    }


def _shown_overlap(webhook: Webhook) -> Mapping[str, Any]:
    ends_at = webhook.previous_secret_expires_at
    return {"previous_secret_expires_at": ends_at.isoformat() if ends_at is not None else None}
