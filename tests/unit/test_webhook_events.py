"""Events for webhooks, derived from those of the audit log."""

import json

from app.services.accounts.events import AccountEvent
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.webhook_events import NOT_SENT, TYPES, events_of
from tests.support.events import new_audit_event


def test_each_action_about_users_and_groups_is_sent_or_listed() -> None:
    actions = {
        action for action in (*AccountEvent, *ServerEvent) if action.startswith(("user.", "group."))
    }

    assert actions - set(TYPES) - NOT_SENT == {AccountEvent.GROUPS_RENEWED}
    assert not set(TYPES) & NOT_SENT


def test_groups_from_an_identity_provider_are_an_event_for_each_group() -> None:
    renewed = new_audit_event(
        "user.groups_renewed",
        user_id="ada",
        actor="provider:acme",
        details=json.dumps({"before": ["a", "b"], "after": ["b", "c"]}),
    )

    events = events_of(renewed)

    assert [(each.event_type, each.data["group_id"]) for each in events] == [
        ("group.member_added", "c"),
        ("group.member_removed", "a"),
    ]
    assert {each.data["source"] for each in events} == {"provider:acme"}


def test_an_imported_user_is_also_an_event_for_each_group() -> None:
    imported = new_audit_event(
        "user.imported", user_id="ada", details=json.dumps({"after": {"groups": ["a"]}})
    )

    events = events_of(imported)

    assert [(each.event_type, each.data.get("group_id")) for each in events] == [
        ("user.created", None),
        ("group.member_added", "a"),
    ]


def test_other_actions_of_the_audit_log_are_no_events() -> None:
    assert events_of(new_audit_event("keys.rotated")) == ()
    assert events_of(new_audit_event("of another release")) == ()
