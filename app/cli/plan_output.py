"""Plans of desired state, as people and programs read them."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.services.operations.desired_state.changes import Change, Plan

SIGNS = {"create": "+", "change": "~", "delete": "-"}
LONGEST_VALUE = 200


def print_plan(plan: "Plan", *, as_json: bool) -> None:
    """Print the changes of a plan; what an operator must know besides goes to standard error."""
    for entry, owner in plan.foreign:
        print(
            f"{entry.title} belongs to {owner} and is as {entry.place} states it.", file=sys.stderr
        )
    for change in plan.changes:
        if change.new_admin_scopes:
            scopes = " ".join(change.new_admin_scopes)
            print(f"Warning: {change.title} may administer this server: {scopes}", file=sys.stderr)
    if as_json:
        print(json.dumps(_document(plan), indent=2))
        return
    for change in plan.changes:
        print(f"{SIGNS[change.action]} {change.title}")
        for line in _member_lines(change):
            print(f"    {line}")
    print(summary_of(plan))


def summary_of(plan: "Plan") -> str:
    if not plan.changes:
        return "No changes."
    counts = [f"{len(plan.of(action))} to {action}" for action in SIGNS]  # type: ignore[arg-type]  # the keys are the actions
    return f"{', '.join(counts)}."


def _document(plan: "Plan") -> Mapping[str, Any]:
    return {
        "changes": [
            {
                "action": change.action,
                "kind": change.kind.noun,
                "name": change.name,
                "members": {
                    member.name: {"before": member.before, "after": member.after}
                    for member in change.members
                },
            }
            for change in plan.changes
        ],
        **{action: len(plan.of(action)) for action in SIGNS},  # type: ignore[arg-type]  # the keys are the actions
    }


def _member_lines(change: "Change") -> Iterator[str]:
    for member in change.members:
        before, after = _flat(member.name, member.before), _flat(member.name, member.after)
        for name in [*after, *(name for name in before if name not in after)]:
            if before.get(name) != after.get(name):
                yield f"{name}: {_difference(before.get(name), after.get(name))}"


def _flat(name: str, value: Any) -> dict[str, Any]:
    """Return the values of nested objects under names with dots."""
    if not isinstance(value, dict):
        return {} if value is None else {name: value}
    return {
        inner: leaf
        for key, member in value.items()
        for inner, leaf in _flat(f"{name}.{key}", member).items()
    }


def _difference(before: Any, after: Any) -> str:
    if isinstance(before, list | None) and isinstance(after, list | None):
        removed, added = _missing(before, after), _missing(after, before)
        if removed or added:
            return ", ".join([*(f"- {each}" for each in removed), *(f"+ {each}" for each in added)])
    if before is None:
        return _text(after)
    return f"{_text(before)} → {'nothing' if after is None else _text(after)}"


def _missing(values: Sequence[Any] | None, others: Sequence[Any] | None) -> Sequence[str]:
    """Return the texts of the values that the others lack."""
    return [_text(value) for value in values or () if value not in (others or ())]


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
