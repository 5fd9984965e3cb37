"""Webhooks, and the deliveries to them."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Response

from app.dependencies import OperationsDep
from app.models.operations.webhooks import Webhook
from app.observability.refusals import shown_uri
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import WebhookId
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created
from app.schemas.admin.webhooks import (
    WebhookDeliveryList,
    WebhookDeliveryResource,
    WebhookList,
    WebhookPatch,
    WebhookResource,
    WebhookSecretCreate,
    WebhookTest,
    WebhookWithSecret,
)
from app.schemas.admin_scopes import AdminScope
from app.schemas.webhooks import WebhookBody
from app.services.operations.authority import Authority

Reads = Annotated[Authority, require(AdminScope.WEBHOOKS_READ)]
Writes = Annotated[Authority, require(AdminScope.WEBHOOKS_WRITE)]

router = admin_router("webhooks", tag="Webhooks")


@router.get("")
async def list_webhooks(authority: Reads, operations: OperationsDep, page: PageDep) -> WebhookList:
    """List webhooks, in the order of their creation."""
    rows = await operations.webhooks.webhooks.list_page(after=page.last, limit=page.size)
    webhooks, cursor = page.cut(rows, lambda webhook: webhook.webhook_id)
    items = [_resource(webhook, authority) for webhook in webhooks]
    return WebhookList(items=items, next_cursor=cursor)


@router.post("", status_code=201, responses=CREATED)
async def create_webhook(
    authority: Writes,
    body: Annotated[WebhookBody, Depends(JsonBody(WebhookBody))],
    operations: OperationsDep,
    response: Response,
) -> WebhookWithSecret:
    """Create a webhook. Its secret is shown only in this response."""
    webhook, secret = await operations.webhooks.webhooks.create(body, authority=authority)
    created(response, f"webhooks/{webhook.webhook_id}", version=webhook.version)
    return WebhookWithSecret(**_resource(webhook, authority).model_dump(), secret=secret)


@router.get("/{webhook_id}", responses=WITH_ETAG)
async def read_webhook(
    webhook_id: WebhookId, authority: Reads, operations: OperationsDep, response: Response
) -> WebhookResource:
    """Return a webhook."""
    webhook = await operations.webhooks.webhooks.get(webhook_id)
    set_etag(response, webhook.version)
    return _resource(webhook, authority)


@router.patch("/{webhook_id}", responses=WITH_ETAG)
async def change_webhook(
    webhook_id: WebhookId,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(WebhookPatch))],
    operations: OperationsDep,
    response: Response,
) -> WebhookResource:
    """Change a webhook. Members that are left out stay as they are."""
    before = await operations.webhooks.webhooks.get(webhook_id)
    precondition.check(etag_of(before.version))
    webhook = await operations.webhooks.webhooks.change(
        webhook_id,
        validated(WebhookBody, merged(_stated(before), patch)),
        version=before.version,
        authority=authority,
    )
    set_etag(response, webhook.version)
    return _resource(webhook, authority)


@router.delete("/{webhook_id}", status_code=204)
async def remove_webhook(
    webhook_id: WebhookId, authority: Writes, precondition: IfMatch, operations: OperationsDep
) -> None:
    """Delete a webhook, and what is pending for it."""
    webhook = await operations.webhooks.webhooks.get(webhook_id)
    precondition.check(etag_of(webhook.version))
    await operations.webhooks.webhooks.delete(
        webhook_id, version=webhook.version, authority=authority
    )


@router.post("/{webhook_id}/secrets", status_code=201)
async def rotate_webhook_secret(
    webhook_id: WebhookId,
    authority: Writes,
    body: Annotated[WebhookSecretCreate, Depends(JsonBody(WebhookSecretCreate))],
    operations: OperationsDep,
) -> WebhookWithSecret:
    """Replace the secret. The new one is shown only in this response."""
    webhook, secret = await operations.webhooks.webhooks.rotate_secret(
        webhook_id, overlap=timedelta(seconds=body.overlap), authority=authority
    )
    return WebhookWithSecret(**_resource(webhook, authority).model_dump(), secret=secret)


@router.post("/{webhook_id}/test")
async def send_test_event(
    webhook_id: WebhookId, authority: Writes, operations: OperationsDep
) -> WebhookTest:
    """Send an event of type `webhook.test` now, also to a disabled webhook."""
    error = await operations.webhooks.webhooks.test(webhook_id, authority=authority)
    return WebhookTest(delivered=error is None, error=error)


@router.get("/{webhook_id}/deliveries")
async def list_webhook_deliveries(
    webhook_id: WebhookId, _authority: Reads, operations: OperationsDep, page: PageDep
) -> WebhookDeliveryList:
    """List the deliveries to a webhook, newest first: pending ones and those of the last days."""
    await operations.webhooks.webhooks.get(webhook_id)
    rows = await operations.webhooks.webhooks.deliveries(
        webhook_id, before=page.last, limit=page.size
    )
    deliveries, cursor = page.cut(rows, lambda delivery: delivery.delivery_id)
    items = [
        WebhookDeliveryResource.model_validate(each, from_attributes=True) for each in deliveries
    ]
    return WebhookDeliveryList(items=items, next_cursor=cursor)


def _resource(webhook: Webhook, authority: Authority) -> WebhookResource:
    """Return a webhook for a caller; a reader does not see the query, which may hold a secret."""
    sees_all = authority.has(AdminScope.WEBHOOKS_WRITE)
    return WebhookResource(
        webhook_id=webhook.webhook_id,
        url=webhook.url if sees_all else shown_uri(webhook.url),
        description=webhook.description,
        event_types=webhook.event_types.split(),
        is_enabled=webhook.is_enabled,
        owner=webhook.owner,
        created_at=webhook.created_at,
        last_success_at=webhook.last_success_at,
        failing_since=webhook.failing_since,
        previous_secret_expires_at=webhook.previous_secret_expires_at,
    )


def _stated(webhook: Webhook) -> dict[str, Any]:
    return {
        "url": webhook.url,
        "description": webhook.description,
        "event_types": webhook.event_types.split(),
        "is_enabled": webhook.is_enabled,
    }
