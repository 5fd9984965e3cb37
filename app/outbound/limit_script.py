"""The script by which Redis judges an attempt: `limit_script.lua`, its keys and its argument."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.security.limit_rules import Attempt, Rule

SCRIPT = Path(__file__).with_suffix(".lua").read_text(encoding="utf-8")
SCRIPT_DIGEST = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
PREFIX = "postern"
ENDLESS = 1e300
"""Stands for an infinite window, which JSON does not have."""


def keys_for(attempts: Sequence[Attempt]) -> list[str]:
    """Return two keys for each attempt, of its count and of its back-off, which may be the same."""
    return [f"{PREFIX}:{key.hex()}:count" for attempt in attempts for key in attempt.keys]


def request_to_wait(attempts: Sequence[Attempt]) -> str:
    """Return the argument that asks how long an attempt has to wait."""
    return json.dumps({"only_reads": True, "rules": _rules_of(attempts)})


def request_to_count(attempts: Sequence[Attempt], *, is_right: bool, clears: bool) -> str:
    """Return the argument that counts an attempt; keys after those of `attempts` are forgotten."""
    return json.dumps({"is_right": is_right, "clears": clears, "rules": _rules_of(attempts)})


def _rules_of(attempts: Sequence[Attempt]) -> list[dict[str, Any]]:
    return [fields_of(attempt.rule) for attempt in attempts]


def fields_of(rule: Rule) -> dict[str, Any]:
    return {
        "free": rule.free,
        "window": ENDLESS if rule.is_cumulative else rule.window,
        "shortest_delay": rule.shortest_delay,
        "longest_delay": rule.longest_delay,
        "memory": rule.memory,
        "is_cumulative": rule.is_cumulative,
        "is_cleared_by_success": rule.is_cleared_by_success,
    }
