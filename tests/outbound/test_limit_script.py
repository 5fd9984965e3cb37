"""The algorithm that Redis runs gives the same results as in Python (SECURITY_BAR row 17)."""

import json
import math
import random
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from app.outbound.limit_script import fields_of
from app.security.limit_algorithm import count_attempt, lasts, remaining_wait
from app.security.limit_rules import Count, LimitState, Rule
from tests.support.redis import COMMAND, running_redis
from tools.limit_script import SOURCE, translation

pytestmark = pytest.mark.skipif(shutil.which(COMMAND) is None, reason="needs a redis-server")

NOW = 1_760_000_000.0
RULES = [
    Rule("login", 10, 60.0, 6.0, 900.0, is_cleared_by_success=True),
    Rule("code", 5, 86_400.0, 12.0, 3600.0, 86_400.0, is_cleared_by_success=True),
    Rule("address", 100, 60.0, 0.6, 300.0),
    Rule("errors", 20, 60.0),
    Rule("shared", 100, math.inf, 6.0, 900.0, 86_400.0, is_cleared_by_success=True),
]

HARNESS = """
local function text(number) return string.format('%.17g', number) end
local function numbers(count)
  return { text(count.window), text(count.current), text(count.previous), text(count.backoff_level),
           text(count.blocked_until) }
end
local results = {}
for number, case in ipairs(cjson.decode(ARGV[1])) do
  local waits = text(remaining_wait(case.states, case.now))
  local wait, is_cleared = count_attempt(case.states, case.now, case.is_right, case.clears)
  local states = {}
  for place, state in ipairs(case.states) do
    states[place] = { numbers(state.next_count),
                      state.backoff and numbers(state.next_backoff) or false,
                      text(lasts(state.rule, state.next_count, case.now)) }
  end
  results[number] = { waits, text(wait), is_cleared, states }
end
return cjson.encode(results)
"""


@pytest.mark.slow
async def test_redis_and_python_count_random_attempts_alike(tmp_path: Path) -> None:
    cases = [a_case(random.Random(seed)) for seed in range(3000)]
    request = json.dumps([as_json(case) for case in cases])

    async with running_redis(tmp_path) as server, server.client() as client:
        script = translation(SOURCE.read_text(encoding="utf-8")) + HARNESS
        results = json.loads(await client.eval(script, 0, request))

    for case, result in zip(cases, results, strict=True):
        assert as_numbers(result) == results_of(case), case


def a_case(randomness: random.Random) -> dict[str, Any]:
    now = NOW + randomness.uniform(-1000, 1000)
    rules = randomness.sample(RULES, randomness.randint(1, len(RULES)))
    return {
        "states": [a_state(rule, randomness, now=now) for rule in rules],
        "now": now,
        "is_right": randomness.random() < 0.3,
        "clears": randomness.random() < 0.8,
    }


def a_state(rule: Rule, randomness: random.Random, *, now: float) -> LimitState:
    """Counts close to the limits of a rule, half of them with a back-off of their own."""
    has_backoff = rule.longest_delay > 0 and randomness.random() < 0.5
    return LimitState(
        rule,
        a_count(rule, randomness, now=now),
        a_count(rule, randomness, now=now) if has_backoff else None,
    )


def a_count(rule: Rule, randomness: random.Random, *, now: float) -> Count:
    attempts = [0, 1, rule.free - 1, rule.free, rule.free + 1]
    return Count(
        window=int(now / rule.window) + randomness.choice([-2, -1, 0, 0, 0, 1]),
        current=randomness.choice(attempts),
        previous=randomness.choice(attempts),
        backoff_level=randomness.choice([0, 0, 0, 1, 2, 70]),
        blocked_until=randomness.choice([0.0, 0.0, now - 1, now, now + 1, now + 900, now + 9000]),
    )


def as_json(case: dict[str, Any]) -> dict[str, Any]:
    states = [
        {
            "rule": fields_of(state.rule),
            "count": asdict(state.count),
            **({"backoff": asdict(state.backoff)} if state.backoff is not None else {}),
        }
        for state in case["states"]
    ]
    return {**case, "states": states}


def results_of(case: dict[str, Any]) -> list[Any]:
    """Return what the script returns, computed in Python."""
    now, states = case["now"], case["states"]
    waits = remaining_wait(states, now=now)
    wait, is_cleared = count_attempt(
        states, now=now, is_right=case["is_right"], clears=case["clears"]
    )
    return [
        waits,
        wait,
        is_cleared,
        [
            [
                list(asdict(state.next_count).values()),
                state.backoff is not None and list(asdict(state.next_backoff).values()),
                lasts(state.rule, state.next_count, now=now),
            ]
            for state in states
        ],
    ]


def as_numbers(result: Any) -> Any:
    """Return a result of the script with its numbers, which cjson would have rounded."""
    if isinstance(result, list):
        return [as_numbers(each) for each in result]
    return float(result) if isinstance(result, str) else result
