"""Audit events: one enum each, recorded with the change that they describe.

An audit event of a change is written by the repository that makes the change, with it.
`AuditLog.record` writes an event by itself: only of what changes nothing.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.i18n.languages import LANGUAGES, translations_of
from app.i18n.rendering import DIRECTORY as MAILS
from app.services.accounts.events import AccountEvent, label_of
from app.services.operations.audit_actions import ServerEvent

APP = Path(__file__).parents[2] / "app"
ALONE = {
    ServerEvent.ADMINISTRATOR_REFUSED: "a refusal",
    AccountEvent.MAIL_CODE_REFUSED: "a refusal",
    AccountEvent.OTP_REFUSED: "a refusal",
    AccountEvent.PASSKEY_REFUSED: "a refusal",
    AccountEvent.RECOVERY_CODE_REFUSED: "a refusal",
    AccountEvent.SIGN_IN_REFUSED: "a refusal",
    AccountEvent.SIGN_IN_SUCCEEDED: "of the password grant: its tokens are issued after it",
    AccountEvent.IDENTITY_ACCEPTED: "of an identity assertion: its tokens are issued after it",
    AccountEvent.IDENTITY_ASSERTED: "an assertion is signed, and nothing is stored",
    AccountEvent.FEDERATED_SIGN_IN_REPEATED: (
        "the session goes on after it, with an event of its own"
    ),
    AccountEvent.DATA_EXPORTED: "reads only",
    AccountEvent.IDENTITY_ACCEPTED: "before the token: the assertion itself changes nothing",
    AccountEvent.IDENTITY_ASSERTED: "signs only: the assertion is stored nowhere",
    ServerEvent.USERS_EXPORTED: "reads only",
    ServerEvent.KEYS_REWRAPPED: (
        "sums up a command that may be repeated: the same values, sealed again"
    ),
}
"""Why these events have no change that they could be written with."""
RECORDING = (".event(", ".record(", "._event(", "._own_act(")
OF_NO_EVENT = "test"
"""The mail of `postern mail test`."""
MAIL_LAYOUTS = {"base", "notice"}
EVENTS = (*AccountEvent, *ServerEvent)
MEMBERS = {f"{type(event).__name__}.{event.name}": event for event in EVENTS}
TREES = {
    str(path.relative_to(APP)): ast.parse(path.read_text()) for path in sorted(APP.rglob("*.py"))
}


def calls_of(*methods: str, on: str = "audit") -> Iterator[tuple[str, ast.Call]]:
    """Calls of methods of the audit log, or of another object, with the file and line."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in methods
                and ast.unparse(node.func.value).split(".")[-1].strip("_") == on
            ):
                yield f"{path}:{node.lineno}", node


def events_in(node: ast.AST) -> set[AccountEvent | ServerEvent]:
    """Members of the enums that are named inside a node."""
    names = (ast.unparse(each) for each in ast.walk(node) if isinstance(each, ast.Attribute))
    return {MEMBERS[name] for name in names if name in MEMBERS}


def test_only_events_without_a_database_change_are_recorded_on_their_own() -> None:
    recorded = {place: MEMBERS[ast.unparse(call.args[0])] for place, call in calls_of("record")}

    assert len(recorded) >= len(ALONE)
    assert {place: action for place, action in recorded.items() if action not in ALONE} == {}
    assert set(ALONE) == set(recorded.values())


@pytest.mark.slow
def test_every_event_that_is_built_is_used() -> None:
    """Each is handed on: as an argument, returned, or under a name."""
    built = {place for place, _ in calls_of("event")}
    forgotten = {
        f"{path}:{node.lineno}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    }

    assert len(built) > 40
    assert built & forgotten == set()


def test_every_event_is_recorded_somewhere() -> None:
    functions = {
        node
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(
            name in ast.unparse(node) for name in (".event(", ".record(", "_event(", "_own_act(")
        )
    }
    recorded = set().union(*(events_in(node) for node in functions))

    assert recorded == set(EVENTS)


def test_an_action_is_written_in_one_place() -> None:
    """Everything else names the member of the enum; types of webhook events may be called alike"""
    texts = Counter(
        node.value
        for path, tree in TREES.items()
        if path != "schemas/webhooks.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )

    assert {event.value: texts[event.value] for event in EVENTS if texts[event.value] != 1} == {}


@pytest.mark.parametrize("event", AccountEvent)
def test_every_account_event_has_a_short_label_in_every_language(event: AccountEvent) -> None:
    labels = {language: translations_of(language).gettext(event.label) for language in LANGUAGES}

    assert label_of(event.value) == event.label
    assert len(set(labels.values())) == len(LANGUAGES)
    assert all("." not in label and 0 < len(label) < 80 for label in labels.values())


def test_every_mail_is_that_of_one_event() -> None:
    templates = {path.stem for path in MAILS.glob("*.txt")} - MAIL_LAYOUTS - {OF_NO_EVENT}
    mails = Counter(event.mail for event in AccountEvent if event.mail)

    assert mails == Counter(templates)


def test_every_notice_is_of_an_event_that_has_a_mail() -> None:
    told = {
        place: MEMBERS[ast.unparse(call.args[1])] for place, call in calls_of("send", on="notices")
    }

    assert len(told) > 15
    assert [place for place, event in told.items() if not getattr(event, "mail", "")] == []
