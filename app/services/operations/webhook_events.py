"""Events for webhooks, derived from those of the audit log.

They name what was changed by its ID, and repeat neither the values before and after nor the
address: a receiver sees less than a reader of the audit log.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.models.accounts.groups import MANUAL
from app.models.operations.audit_events import AuditEvent
from app.models.operations.webhooks import WebhookEvent
from app.schemas.webhooks import WebhookEventType
from app.services.accounts.events import AccountEvent
from app.services.operations.audit_actions import AuditAction, ServerEvent

TYPES: Mapping[AuditAction, WebhookEventType] = {
    AccountEvent.USER_REGISTERED: WebhookEventType.USER_CREATED,
    AccountEvent.USER_IMPORTED: WebhookEventType.USER_CREATED,
    AccountEvent.USER_INVITED: WebhookEventType.USER_CREATED,
    AccountEvent.FEDERATED_USER_CREATED: WebhookEventType.USER_CREATED,
    AccountEvent.CLAIMS_CHANGED: WebhookEventType.USER_CHANGED,
    AccountEvent.EMAIL_VERIFIED: WebhookEventType.USER_CHANGED,
    AccountEvent.INVITATION_ACCEPTED: WebhookEventType.USER_CHANGED,
    AccountEvent.ATTRIBUTES_CHANGED: WebhookEventType.USER_CHANGED,
    AccountEvent.ROLE_GRANTED: WebhookEventType.USER_CHANGED,
    AccountEvent.ROLE_REVOKED: WebhookEventType.USER_CHANGED,
    AccountEvent.USER_DISABLED: WebhookEventType.USER_DISABLED,
    AccountEvent.USER_ENABLED: WebhookEventType.USER_ENABLED,
    AccountEvent.USER_DELETED: WebhookEventType.USER_DELETED,
    ServerEvent.GROUP_CREATED: WebhookEventType.GROUP_CREATED,
    ServerEvent.GROUP_CHANGED: WebhookEventType.GROUP_CHANGED,
    ServerEvent.GROUP_ROLE_GRANTED: WebhookEventType.GROUP_CHANGED,
    ServerEvent.GROUP_ROLE_REVOKED: WebhookEventType.GROUP_CHANGED,
    ServerEvent.GROUP_DELETED: WebhookEventType.GROUP_DELETED,
    AccountEvent.GROUP_JOINED: WebhookEventType.GROUP_MEMBER_ADDED,
    AccountEvent.GROUP_LEFT: WebhookEventType.GROUP_MEMBER_REMOVED,
    AccountEvent.SIGN_IN_REFUSED: WebhookEventType.SIGN_IN_REFUSED,
    AccountEvent.OTP_REFUSED: WebhookEventType.SIGN_IN_REFUSED,
    AccountEvent.RECOVERY_CODE_REFUSED: WebhookEventType.SIGN_IN_REFUSED,
    AccountEvent.PASSKEY_REFUSED: WebhookEventType.SIGN_IN_REFUSED,
}
"""The type of webhook event for an action of the audit log.

An action that is about users or groups and not here is in `NOT_SENT`, or handled by `events_of`.
"""
NOT_SENT = frozenset(
    {
        AccountEvent.DATA_EXPORTED,
        AccountEvent.USER_UNLOCKED,
        ServerEvent.PREPARATIONS_WITHDRAWN,
    }
)
"""Actions about users that change nothing for a receiver."""


def events_of(audited: AuditEvent) -> Sequence[WebhookEvent]:
    """Return the webhook events of an audit event, usually none or one."""
    if audited.action == AccountEvent.GROUPS_RENEWED:
        return _renewed_memberships(audited)
    event_type = _TYPES_BY_ACTION.get(audited.action)
    if event_type is None:
        return ()
    if event_type is WebhookEventType.SIGN_IN_REFUSED:
        data = {"user_id": audited.user_id}
        return (WebhookEvent(event_type, audited.at, data, counted_for=audited.user_id or ""),)
    details = json.loads(audited.details)
    event = WebhookEvent(event_type, audited.at, _data(audited, **_group(details)))
    if audited.action in (AccountEvent.USER_IMPORTED, AccountEvent.USER_INVITED):
        return (event, *_first_memberships(audited, details))
    return (event,)


def _renewed_memberships(audited: AuditEvent) -> Sequence[WebhookEvent]:
    """Return an event for each group that an identity provider gave to a user or took away."""
    details = json.loads(audited.details)
    before, after = set(details.get("before", ())), set(details.get("after", ()))
    changes = [
        *((WebhookEventType.GROUP_MEMBER_ADDED, group_id) for group_id in sorted(after - before)),
        *((WebhookEventType.GROUP_MEMBER_REMOVED, group_id) for group_id in sorted(before - after)),
    ]
    return [
        WebhookEvent(
            event_type, audited.at, _data(audited, group_id=group_id, source=audited.actor)
        )
        for event_type, group_id in changes
    ]


def _first_memberships(audited: AuditEvent, details: Mapping[str, Any]) -> Sequence[WebhookEvent]:
    return [
        WebhookEvent(
            WebhookEventType.GROUP_MEMBER_ADDED,
            audited.at,
            _data(audited, group_id=group_id, source=MANUAL),
        )
        for group_id in details.get("after", {}).get("groups", ())
    ]


def _data(audited: AuditEvent, **group: str) -> Mapping[str, Any]:
    data = {
        "user_id": audited.user_id,
        **group,
        "action": audited.action,
        "actor": audited.actor,
        "audit_sequence": audited.sequence,
    }
    return {name: value for name, value in data.items() if value is not None}


def _group(details: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the group that an event is about; that of a membership is in its state."""
    for state in (details, details.get("after"), details.get("before")):
        if isinstance(state, Mapping) and "group_id" in state:
            return {name: state[name] for name in ("group_id", "source") if name in state}
    return {}


_TYPES_BY_ACTION = {action.value: event_type for action, event_type in TYPES.items()}
