"""How many tries are free, and how long each further one waits (SECURITY_BAR rows 17 and 23)."""

import math

import pytest

from app.security.limit_algorithm import lasts, tried
from app.security.limit_rules import NOTHING, Count, Rule

RULE = Rule("login", 10, 60.0, 6.0, 100.0)
WITHOUT_TURNS = Rule("errors", 10, 60.0)
SHARED = Rule("shared", 100, math.inf, 6.0, 900.0, 86_400.0)
START = 60_000_000.0
"""The beginning of a window."""


class Attempts:
    """Tries under one rule, as a store keeps them."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.count = NOTHING
        self.now = START

    def wrong(self) -> float:
        self.count, _, wait = tried(self.rule, self.count, None, now=self.now, is_right=False)
        return wait

    def right(self) -> float:
        self.count, _, wait = tried(self.rule, self.count, None, now=self.now, is_right=True)
        return wait

    def passed_of(self, number: int) -> int:
        return [self.wrong() for _ in range(number)].count(0.0)


@pytest.mark.parametrize(("rule", "wait"), [(RULE, 6.0), (WITHOUT_TURNS, 66.0)])
def test_the_free_attempts_of_a_window_pass_and_the_next_is_delayed(
    rule: Rule, wait: float
) -> None:
    attempts = Attempts(rule)

    assert attempts.passed_of(10) == 10
    assert attempts.wrong() == pytest.approx(wait)


@pytest.mark.parametrize("passed", [0.0, 7.0, 31.0, 59.9])
def test_an_attempt_after_the_announced_wait_is_not_refused(passed: float) -> None:
    """SECURITY_BAR row 50"""
    attempts = Attempts(WITHOUT_TURNS)
    attempts.now += passed
    for _ in range(40):
        attempts.passed_of(20)
        attempts.now += math.ceil(attempts.wrong())
        assert attempts.wrong() == 0.0


def test_paced_attempts_are_delayed_too_if_the_window_is_long() -> None:
    """SECURITY_BAR row 17: one wrong code each quarter of a minute"""
    attempts = Attempts(Rule("code", 5, 86_400.0, 12.0, 3600.0, 86_400.0))

    passed = 0
    for _ in range(4 * 60 * 24):
        passed += attempts.wrong() == 0.0
        attempts.now += 15.0

    assert passed < 45


def test_attempts_by_an_attacker_do_not_prolong_the_wait_of_the_owner() -> None:
    """SECURITY_BAR row 23: whoever hammers, the owner has his turn when he was told"""
    count, stranger, owner = NOTHING, NOTHING, NOTHING
    now = START
    for _ in range(500):
        count, backoff, _ = tried(RULE, count, stranger, now=now, is_right=False)
        stranger = backoff or stranger
        now += 1.0

    count, backoff, wait = tried(RULE, count, owner, now=now, is_right=True)
    owner = backoff or owner
    assert wait == pytest.approx(6.0)
    for _ in range(12):
        count, backoff, _ = tried(RULE, count, stranger, now=now, is_right=False)
        stranger = backoff or stranger
        now += 0.5
    _, _, wait = tried(RULE, count, owner, now=now, is_right=True)

    assert wait == 0.0
    assert stranger.backoff_level > 5


def test_a_server_whose_clock_is_behind_grants_no_extra_attempts() -> None:
    """SECURITY_BAR row 17: two servers at the edge of a window"""
    attempts = Attempts(WITHOUT_TURNS)

    passed = 0
    for number in range(200):
        attempts.now = START + (0.02 if number % 2 else -0.02)
        passed += attempts.wrong() == 0.0

    assert passed == 10


def test_after_the_clock_is_set_back_no_delay_exceeds_the_maximum() -> None:
    """SECURITY_BAR, fault 12"""
    attempts = Attempts(RULE)
    attempts.passed_of(11)
    attempts.now -= 3600

    assert attempts.wrong() == 100.0


def test_the_window_slides_instead_of_restarting() -> None:
    attempts = Attempts(WITHOUT_TURNS)
    attempts.now = START + 59
    assert attempts.passed_of(20) == 10

    attempts.now = START + 61  # two seconds later, in another fixed window
    assert attempts.passed_of(20) == 0

    attempts.now = START + 90  # half of the ten are still in it
    assert attempts.passed_of(20) == 5

    attempts.now = START + 300
    assert attempts.passed_of(20) == 10


def test_during_a_long_flood_only_as_many_attempts_pass_as_the_rule_allows() -> None:
    attempts = Attempts(WITHOUT_TURNS)

    passed = 0
    for second in range(600):
        attempts.now = START + second
        passed += attempts.passed_of(3)

    assert 90 <= passed <= 110


def test_delays_double_up_to_the_maximum() -> None:
    attempts = Attempts(RULE)
    attempts.passed_of(10)
    assert attempts.wrong() == pytest.approx(6.0)

    delays = []
    for _ in range(7):
        delays.append(round(attempts.count.blocked_until - attempts.now))
        attempts.now = attempts.count.blocked_until
        assert attempts.wrong() == 0.0

    assert delays == [6, 12, 24, 48, 96, 100, 100]


def test_a_very_high_backoff_level_yields_the_maximum_delay() -> None:
    count = Count(backoff_level=10_000)

    count, _, wait = tried(RULE, count, None, now=START, is_right=False)

    assert wait == 0.0
    assert count.blocked_until == START + 100


def test_an_attempt_during_a_delay_does_not_extend_it() -> None:
    attempts = Attempts(RULE)
    attempts.passed_of(11)
    end = attempts.count.blocked_until

    for second in range(6):
        attempts.now = START + second
        assert attempts.wrong() == pytest.approx(6.0 - second)

    assert attempts.count.blocked_until == end
    assert attempts.count.backoff_level == 1


def test_a_refused_attempt_is_not_counted_in_the_window() -> None:
    attempts = Attempts(WITHOUT_TURNS)
    attempts.passed_of(1000)

    assert attempts.count.current == 10


def test_a_correct_attempt_does_not_use_up_a_free_attempt() -> None:
    attempts = Attempts(RULE)

    assert [attempts.right() for _ in range(50)] == [0.0] * 50
    assert attempts.passed_of(20) == 10


def test_a_correct_attempt_is_delayed_like_a_wrong_one() -> None:
    """Or the answers during a delay would tell which guess was right."""
    attempts = Attempts(RULE)
    attempts.passed_of(10)
    assert attempts.right() == pytest.approx(6.0)

    attempts.now += 3
    assert attempts.right() == pytest.approx(3.0)

    attempts.now += 3
    assert attempts.right() == 0.0


def test_attempts_are_stored_for_as_long_as_a_window_can_cover_them() -> None:
    attempts = Attempts(WITHOUT_TURNS)
    attempts.wrong()

    assert lasts(attempts.rule, attempts.count, now=attempts.now) == 120.0


def test_delays_expire_after_a_quiet_period_that_starts_when_they_end() -> None:
    attempts = Attempts(RULE)
    attempts.passed_of(11)

    assert lasts(attempts.rule, attempts.count, now=attempts.now) == pytest.approx(3606.0)
    assert lasts(attempts.rule, attempts.count, now=attempts.now + 6) == pytest.approx(3600.0)


def test_a_clock_that_is_set_back_does_not_refuse_a_free_attempt() -> None:
    """SECURITY_BAR, fault 12"""
    attempts = Attempts(RULE)
    attempts.passed_of(9)

    attempts.now = START - 3600

    assert attempts.wrong() == 0.0


def test_consecutive_failures_accumulate_over_any_number_of_days() -> None:
    """NIST SP 800-63B-4 section 3.2.2: no more than 100 consecutive failures"""
    attempts = Attempts(SHARED)

    passed = 0
    for _ in range(200):
        passed += attempts.wrong() == 0.0
        attempts.now += 82_800.0 if passed < 100 else 0.0

    assert passed == 100


def test_accumulated_failures_expire_after_a_day_without_failures() -> None:
    attempts = Attempts(SHARED)
    attempts.passed_of(100)
    attempts.now += 80_000.0

    assert lasts(SHARED, attempts.count, now=attempts.now) == 86_400.0
    assert attempts.wrong() == 6.0
    assert lasts(SHARED, attempts.count, now=attempts.now) == 86_400.0


def test_the_shared_delay_doubles_up_to_15_minutes() -> None:
    attempts = Attempts(SHARED)
    attempts.passed_of(101)

    delays = []
    for _ in range(10):
        delays.append(round(attempts.count.blocked_until - attempts.now))
        attempts.now = attempts.count.blocked_until
        assert attempts.wrong() == 0.0

    assert delays == [6, 12, 24, 48, 96, 192, 384, 768, 900, 900]
