"""Nonces of proofs are derived from SECRET_KEY and the time (RFC 9449 section 8)."""

from datetime import UTC, datetime, timedelta

import pytest

from app.oauth.dpop.nonces import PERIOD, DpopNonces

NOW = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)
KEY, OTHER = b"a key of the tests", b"another key of the tests"


def test_a_nonce_is_good_for_its_period_and_the_next() -> None:
    nonces = DpopNonces([KEY])
    nonce = nonces.current(NOW)
    end = NOW.replace(second=0) + 2 * PERIOD

    assert nonces.expiry_of(nonce, NOW) == end
    assert nonces.expiry_of(nonce, end - timedelta(seconds=1)) == end
    assert nonces.expiry_of(nonce, end) is None


def test_there_is_a_new_nonce_in_each_period() -> None:
    nonces = DpopNonces([KEY])

    values = {nonces.current(NOW + number * PERIOD) for number in range(10)}

    assert len(values) == 10
    assert nonces.current(NOW) == nonces.current(NOW + timedelta(seconds=29))


def test_all_workers_have_the_same_nonces() -> None:
    assert DpopNonces([KEY]).current(NOW) == DpopNonces([KEY]).current(NOW)


def test_a_nonce_of_the_key_that_is_being_replaced_is_good() -> None:
    nonce = DpopNonces([OTHER]).current(NOW)

    assert DpopNonces([KEY, OTHER]).expiry_of(nonce, NOW) is not None
    assert DpopNonces([KEY, OTHER]).current(NOW) == DpopNonces([KEY]).current(NOW)
    assert DpopNonces([KEY]).expiry_of(nonce, NOW) is None


@pytest.mark.parametrize("nonce", ["", "x", "\ud800", "ü" * 32, "A" * 4000])
def test_any_other_text_is_not_a_nonce(nonce: str) -> None:
    assert DpopNonces([KEY]).expiry_of(nonce, NOW) is None


def test_a_nonce_of_the_future_is_not_good_yet() -> None:
    nonces = DpopNonces([KEY])

    assert nonces.expiry_of(nonces.current(NOW + PERIOD), NOW) is None
