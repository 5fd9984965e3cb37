"""How many tries are free, and how long each further one waits (SECURITY_BAR rows 17 and 23)."""

import math

import pytest

from app.security.limit_rules import NOTHING, Count, Rule, lasts, tried

RULE = Rule("login", 10, 60.0, 6.0, 100.0)
WITHOUT_TURNS = Rule("errors", 10, 60.0)
SHARED = Rule("shared", 100, math.inf, 6.0, 900.0, 86_400.0)
START = 60_000_000.0
"""The beginning of a window."""


class Tries:
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
def test_the_free_tries_of_a_window_pass_and_the_next_waits(rule: Rule, wait: float) -> None:
    tries = Tries(rule)

    assert tries.passed_of(10) == 10
    assert tries.wrong() == pytest.approx(wait)


@pytest.mark.parametrize("passed", [0.0, 7.0, 31.0, 59.9])
def test_who_waits_as_long_as_he_is_told_is_not_refused_again(passed: float) -> None:
    """SECURITY_BAR row 50"""
    tries = Tries(WITHOUT_TURNS)
    tries.now += passed
    for _ in range(40):
        tries.passed_of(20)
        tries.now += math.ceil(tries.wrong())
        assert tries.wrong() == 0.0


def test_paced_tries_are_delayed_too_where_the_window_is_long() -> None:
    """SECURITY_BAR row 17: one wrong code each quarter of a minute"""
    tries = Tries(Rule("code", 5, 86_400.0, 12.0, 3600.0, 86_400.0))

    passed = 0
    for _ in range(4 * 60 * 24):
        passed += tries.wrong() == 0.0
        tries.now += 15.0

    assert passed < 45


def test_everybody_has_turns_of_his_own_that_nobody_takes() -> None:
    """SECURITY_BAR row 23: whoever hammers, the owner has his turn when he was told"""
    count, stranger, owner = NOTHING, NOTHING, NOTHING
    now = START
    for _ in range(500):
        count, turns, _ = tried(RULE, count, stranger, now=now, is_right=False)
        stranger = turns or stranger
        now += 1.0

    count, turns, wait = tried(RULE, count, owner, now=now, is_right=True)
    owner = turns or owner
    assert wait == pytest.approx(6.0)
    for _ in range(12):
        count, turns, _ = tried(RULE, count, stranger, now=now, is_right=False)
        stranger = turns or stranger
        now += 0.5
    _, _, wait = tried(RULE, count, owner, now=now, is_right=True)

    assert wait == 0.0
    assert stranger.strikes > 5


def test_a_server_whose_clock_is_behind_takes_nothing_back() -> None:
    """SECURITY_BAR row 17: two servers at the edge of a window"""
    tries = Tries(WITHOUT_TURNS)

    passed = 0
    for number in range(200):
        tries.now = START + (0.02 if number % 2 else -0.02)
        passed += tries.wrong() == 0.0

    assert passed == 10


def test_no_delay_is_longer_than_the_longest_after_a_clock_was_set_back() -> None:
    """SECURITY_BAR, fault 12"""
    tries = Tries(RULE)
    tries.passed_of(11)
    tries.now -= 3600

    assert tries.wrong() == 100.0


def test_the_window_slides_instead_of_beginning_anew() -> None:
    tries = Tries(WITHOUT_TURNS)
    tries.now = START + 59
    assert tries.passed_of(20) == 10

    tries.now = START + 61  # two seconds later, in another fixed window
    assert tries.passed_of(20) == 0

    tries.now = START + 90  # half of the ten are still in it
    assert tries.passed_of(20) == 5

    tries.now = START + 300
    assert tries.passed_of(20) == 10


def test_of_a_long_flood_no_more_pass_than_the_rule_says() -> None:
    tries = Tries(WITHOUT_TURNS)

    passed = 0
    for second in range(600):
        tries.now = START + second
        passed += tries.passed_of(3)

    assert 90 <= passed <= 110


def test_delays_double_and_end_at_the_longest() -> None:
    tries = Tries(RULE)
    tries.passed_of(10)
    assert tries.wrong() == pytest.approx(6.0)

    delays = []
    for _ in range(7):
        delays.append(round(tries.count.blocked_until - tries.now))
        tries.now = tries.count.blocked_until
        assert tries.wrong() == 0.0

    assert delays == [6, 12, 24, 48, 96, 100, 100]


def test_no_number_of_strikes_is_too_large() -> None:
    count = Count(strikes=10_000)

    count, _, wait = tried(RULE, count, None, now=START, is_right=False)

    assert wait == 0.0
    assert count.blocked_until == START + 100


def test_a_try_during_a_delay_makes_it_no_longer() -> None:
    tries = Tries(RULE)
    tries.passed_of(11)
    end = tries.count.blocked_until

    for second in range(6):
        tries.now = START + second
        assert tries.wrong() == pytest.approx(6.0 - second)

    assert tries.count.blocked_until == end
    assert tries.count.strikes == 1


def test_a_refused_try_is_not_counted_into_the_window() -> None:
    tries = Tries(WITHOUT_TURNS)
    tries.passed_of(1000)

    assert tries.count.current == 10


def test_a_right_try_is_none_of_the_free_ones() -> None:
    tries = Tries(RULE)

    assert [tries.right() for _ in range(50)] == [0.0] * 50
    assert tries.passed_of(20) == 10


def test_a_right_try_waits_like_a_wrong_one() -> None:
    """Or the answers during a delay would tell which guess was right."""
    tries = Tries(RULE)
    tries.passed_of(10)
    assert tries.right() == pytest.approx(6.0)

    tries.now += 3
    assert tries.right() == pytest.approx(3.0)

    tries.now += 3
    assert tries.right() == 0.0


def test_the_free_tries_are_remembered_for_as_long_as_a_window_can_cover_them() -> None:
    tries = Tries(WITHOUT_TURNS)
    tries.wrong()

    assert lasts(tries.rule, tries.count, now=tries.now) == 120.0


def test_delays_are_forgotten_after_quiet_time_that_begins_at_their_end() -> None:
    tries = Tries(RULE)
    tries.passed_of(11)

    assert lasts(tries.rule, tries.count, now=tries.now) == pytest.approx(3606.0)
    assert lasts(tries.rule, tries.count, now=tries.now + 6) == pytest.approx(3600.0)


def test_a_clock_that_was_put_back_refuses_nobody_who_has_free_tries() -> None:
    """SECURITY_BAR, fault 12"""
    tries = Tries(RULE)
    tries.passed_of(9)

    tries.now = START - 3600

    assert tries.wrong() == 0.0


def test_failures_that_add_up_do_so_over_any_number_of_days() -> None:
    """NIST SP 800-63B-4 section 3.2.2: no more than 100 consecutive failures"""
    tries = Tries(SHARED)

    passed = 0
    for _ in range(200):
        passed += tries.wrong() == 0.0
        tries.now += 82_800.0 if passed < 100 else 0.0

    assert passed == 100


def test_failures_that_add_up_are_forgotten_after_a_day_without_any() -> None:
    tries = Tries(SHARED)
    tries.passed_of(100)
    tries.now += 80_000.0

    assert lasts(SHARED, tries.count, now=tries.now) == 86_400.0
    assert tries.wrong() == 6.0
    assert lasts(SHARED, tries.count, now=tries.now) == 86_400.0


def test_the_shared_delay_doubles_to_a_quarter_of_an_hour() -> None:
    tries = Tries(SHARED)
    tries.passed_of(101)

    delays = []
    for _ in range(10):
        delays.append(round(tries.count.blocked_until - tries.now))
        tries.now = tries.count.blocked_until
        assert tries.wrong() == 0.0

    assert delays == [6, 12, 24, 48, 96, 192, 384, 768, 900, 900]
