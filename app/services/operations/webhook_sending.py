"""One signed request to the receiver of a webhook (Standard Webhooks 1.0)."""

import json
from http import HTTPStatus

from app.clock import Clock
from app.models.operations.webhooks import Webhook
from app.outbound.http import FetchError, OutboundHttp
from app.schemas.webhooks import WebhookPayload
from app.security.encryption import SealError, SecretBox
from app.security.webhook_signatures import webhook_signatures


class DeliveryError(Exception):
    """The receiver did not accept an event; the text says why, without what it answered."""

    def __init__(self, message: str, *, is_gone: bool = False) -> None:
        super().__init__(message)
        self.is_gone = is_gone


class WebhookSender:
    """Sends events through the guarded client: https only, public addresses, no redirects."""

    def __init__(self, *, outbound: OutboundHttp, box: SecretBox, clock: Clock) -> None:
        self._outbound = outbound
        self._box = box
        self._clock = clock

    async def send(self, webhook: Webhook, delivery_id: str, payload: WebhookPayload) -> None:
        """Send an event; raise `DeliveryError` unless the receiver answers with 2xx."""
        body = payload.model_dump_json().encode()
        timestamp = int(self._clock.now().timestamp())
        try:
            signatures = webhook_signatures(
                self._secrets(webhook), delivery_id=delivery_id, timestamp=timestamp, body=body
            )
            response = await self._outbound.send(
                "POST",
                webhook.url,
                headers=[
                    (b"Content-Type", b"application/json"),
                    (b"webhook-id", delivery_id.encode("ascii")),
                    (b"webhook-timestamp", str(timestamp).encode("ascii")),
                    (b"webhook-signature", signatures.encode("ascii")),
                ],
                body=body,
            )
        except SealError:
            raise DeliveryError("the secret is not sealed with a listed SECRET_KEY") from None
        except FetchError as error:
            raise DeliveryError(str(error)) from error
        if not response.is_success:
            raise DeliveryError(
                f"the receiver answered {response.status}",
                is_gone=response.status == HTTPStatus.GONE,
            )

    def _secrets(self, webhook: Webhook) -> list[str]:
        """Return the secrets in force: two while one replaces the other."""
        opened = self._box.open(webhook.sealed_secrets, context=webhook.webhook_id)
        secrets: list[str] = json.loads(opened)
        ends_at = webhook.previous_secret_expires_at
        has_previous = ends_at is not None and ends_at > self._clock.now()
        return secrets if has_previous else secrets[:1]
