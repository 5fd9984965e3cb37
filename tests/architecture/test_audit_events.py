"""An audit event of a change is written by the repository that makes the change, with it.

`AuditLog.record` writes an event by itself: only of what changes nothing.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "app"
ALONE = {
    "administrator.refused": "a refusal",
    "mail_code.refused": "a refusal",
    "otp.refused": "a refusal",
    "passkey.refused": "a refusal",
    "recovery_code.refused": "a refusal",
    "sign_in.refused": "a refusal",
    "sign_in.succeeded": "of the password grant: its tokens are issued after it",
    "upstream.signed_in_again": "the session goes on after it, with an event of its own",
    "user.data_exported": "reads only",
    "keys.rewrapped": "sums up a command that may be repeated: the same values, sealed again",
}
"""Why these events have no change that they could be written with."""


def calls_of(method: str) -> Iterator[tuple[str, ast.Call]]:
    """Calls of a method of the audit log, with the file and line."""
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == method
                and ast.unparse(node.func.value).split(".")[-1].strip("_") == "audit"
            ):
                yield f"{path.relative_to(APP)}:{node.lineno}", node


def test_only_events_without_a_database_change_are_recorded_on_their_own() -> None:
    recorded = {
        place: ast.literal_eval(call.args[0])
        if isinstance(call.args[0], ast.Constant)
        else ast.unparse(call.args[0])
        for place, call in calls_of("record")
    }

    assert len(recorded) >= len(ALONE)
    assert {place: action for place, action in recorded.items() if action not in ALONE} == {}
    assert set(ALONE) == set(recorded.values())


@pytest.mark.slow
def test_every_event_that_is_built_is_used() -> None:
    """Each is handed on: as an argument, returned, or under a name."""
    built = {place for place, _ in calls_of("event")}
    forgotten = {
        f"{path.relative_to(APP)}:{node.lineno}"
        for path in APP.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    }

    assert len(built) > 40
    assert built & forgotten == set()
