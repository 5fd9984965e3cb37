"""Webhooks: their administration, and the delivery of events."""

from dataclasses import dataclass

from app.repositories.operations.webhook_deliveries import WebhookDeliveryRepository
from app.repositories.operations.webhooks import WebhookRepository
from app.security.purposes import Purpose
from app.services.operations.webhook_delivery import WebhookEventDelivery
from app.services.operations.webhook_sending import WebhookSender
from app.services.operations.webhooks import WebhookService
from app.wiring.core import Core


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    webhooks: WebhookService
    delivery: WebhookEventDelivery


def build_webhooks(core: Core) -> Webhooks:
    webhook_repository = WebhookRepository(core.database)
    webhook_delivery_repository = WebhookDeliveryRepository(core.database)
    box = core.box(Purpose.WEBHOOK_SECRETS)
    sender = WebhookSender(outbound=core.outbound, box=box, clock=core.clock)
    return Webhooks(
        webhooks=WebhookService(
            webhook_repository=webhook_repository,
            webhook_delivery_repository=webhook_delivery_repository,
            sender=sender,
            box=box,
            outbound=core.outbound,
            audit=core.audit,
            clock=core.clock,
        ),
        delivery=WebhookEventDelivery(
            webhook_repository=webhook_repository,
            webhook_delivery_repository=webhook_delivery_repository,
            sender=sender,
            audit=core.audit,
            clock=core.clock,
            queued=core.audit.sequencer.webhooks_queued,
        ),
    )
