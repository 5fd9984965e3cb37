"""Authenticated encryption of what has to be read again (SECURITY_BAR row 20)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.security.encryption import (
    SealError,
    SecretBox,
    derive_key,
    open_with_token,
)
from app.security.purposes import Purpose

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PURPOSE = Purpose.OTP_SECRETS
BOX = SecretBox(["today's key"], purpose=PURPOSE)


@unhurried
@given(st.binary(max_size=200), st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_sealed_value_is_opened_in_its_context(value: bytes, context: str) -> None:
    assert BOX.open(BOX.seal(value, context=context), context=context) == value


@unhurried
@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_not_opened(value: bytes) -> None:
    with pytest.raises(SealError):
        BOX.open(value, context="me")


@unhurried
@given(st.data(), st.binary(min_size=1, max_size=40))
def test_flipping_any_bit_of_a_sealed_value_is_detected(data: st.DataObject, value: bytes) -> None:
    sealed = bytearray(BOX.seal(value, context="me"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(SealError):
        BOX.open(bytes(sealed), context="me")


@unhurried
@given(st.data(), st.binary(min_size=1, max_size=40))
def test_truncating_a_sealed_value_is_detected(data: st.DataObject, value: bytes) -> None:
    sealed = BOX.seal(value, context="me")
    length = data.draw(st.integers(0, len(sealed) - 1))

    with pytest.raises(SealError):
        BOX.open(sealed[:length], context="me")


def test_a_sealed_value_is_not_opened_in_another_context() -> None:
    """A sealed secret cannot be moved to another person's row."""
    sealed = BOX.seal(b"secret", context="me")

    with pytest.raises(SealError):
        BOX.open(sealed, context="you")


def test_each_purpose_has_a_different_key() -> None:
    sealed = BOX.seal(b"secret", context="me")

    with pytest.raises(SealError):
        SecretBox(["today's key"], purpose=Purpose.MAILS).open(sealed, context="me")
    assert derive_key(b"secret", purpose=Purpose.MAILS) != derive_key(
        b"secret", purpose=Purpose.CSRF_TOKENS
    )


def test_sealing_a_value_twice_yields_different_ciphertexts() -> None:
    assert BOX.seal(b"secret", context="me") != BOX.seal(b"secret", context="me")


def test_the_sealed_bytes_do_not_contain_the_plaintext() -> None:
    assert b"a long secret value" not in BOX.seal(b"a long secret value", context="me")


def test_a_previous_key_opens_old_values_but_does_not_seal_new_ones() -> None:
    rotated = SecretBox(["tomorrow's key", "today's key"], purpose=PURPOSE)
    tomorrow = SecretBox(["tomorrow's key"], purpose=PURPOSE)

    assert rotated.open(BOX.seal(b"old", context="me"), context="me") == b"old"
    assert tomorrow.open(rotated.seal(b"new", context="me"), context="me") == b"new"
    with pytest.raises(SealError):
        tomorrow.open(BOX.seal(b"old", context="me"), context="me")


def test_a_value_sealed_with_a_token_is_opened_only_with_that_token() -> None:
    sealed = SecretBox(["mine"], purpose=PURPOSE).seal(b"a pair of tokens", context=PURPOSE)

    assert open_with_token(sealed, token="mine", purpose=PURPOSE) == b"a pair of tokens"
    with pytest.raises(SealError):
        open_with_token(sealed, token="yours", purpose=PURPOSE)


def test_a_value_sealed_with_a_previous_key_is_not_current() -> None:
    """It is resealed once, and not again"""
    old = SecretBox(["yesterday's key"], purpose=PURPOSE)
    both = SecretBox(["today's key", "yesterday's key"], purpose=PURPOSE)

    assert not both.is_current(old.seal(b"a secret", context="me"))
    assert both.is_current(both.seal(b"a secret", context="me"))
    assert both.is_current(BOX.seal(b"a secret", context="me"))
