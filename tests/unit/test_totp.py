"""Time-based one-time passwords (RFC 6238)."""

import base64
import unicodedata
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.security import totp

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
RFC_VECTORS = [  # appendix B for SHA-1, its last six digits
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
instants = st.integers(946_684_800, 4_102_444_800).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
secrets = st.binary(min_size=20, max_size=20).map(lambda raw: base64.b32encode(raw).decode())
digits = st.text("0123456789", min_size=6, max_size=6)


@pytest.mark.parametrize(("seconds", "code"), RFC_VECTORS)
def test_the_test_vectors_of_rfc_6238_match(seconds: int, code: str) -> None:
    """RFC 6238 appendix B"""
    now = datetime.fromtimestamp(seconds, UTC)

    assert totp.matching_step(RFC_SECRET, code, now=now) == seconds // 30


@unhurried
@given(secrets, instants, st.integers(-5, 5))
def test_a_code_is_valid_within_one_time_step_and_its_step_is_returned(
    secret: str, now: datetime, steps: int
) -> None:
    """SECURITY_BAR row 18; RFC 6238 section 5.2"""
    shown_at = now + timedelta(seconds=30 * steps)
    code = pyotp.TOTP(secret).at(shown_at)
    window = {pyotp.TOTP(secret).at(now, counter_offset=offset) for offset in (-1, 0, 1)}

    step = totp.matching_step(secret, code, now=now)

    if abs(steps) <= 1:
        assert step is not None
        assert abs(step - int(now.timestamp()) // 30) <= 1
    elif code not in window:
        assert step is None


@unhurried
@given(st.text(st.characters(), max_size=20))
def test_any_text_is_normalized_to_six_ascii_digits_or_rejected(text: str) -> None:
    """SECURITY_BAR row 18"""
    normal = totp.normalize(text)

    if normal is not None:
        assert len(normal) == 6
        assert normal.isascii()
        assert normal.isdigit()
        plain = unicodedata.normalize("NFKC", text)
        assert normal == "".join(each for each in plain if each.isalnum())


@unhurried
@given(digits, st.lists(st.integers(0, 6), max_size=6))
def test_spaces_in_a_code_are_ignored(code: str, places: list[int]) -> None:
    """SECURITY_BAR row 18"""
    spaced = code
    for place in sorted(places, reverse=True):
        spaced = spaced[:place] + " " + spaced[place:]

    assert totp.normalize(spaced) == code


@unhurried
@given(st.text("0123456789", max_size=12).filter(lambda text: len(text) != 6))
def test_a_code_with_another_number_of_digits_is_invalid(text: str) -> None:
    """SECURITY_BAR row 18"""
    assert totp.normalize(text) is None


@unhurried
@given(
    st.text(
        st.characters(categories=["Nd"], min_codepoint=0x80).filter(
            lambda char: not unicodedata.normalize("NFKC", char).isascii()
        ),
        min_size=6,
        max_size=6,
    )
)
def test_digits_of_other_scripts_are_invalid(text: str) -> None:
    """SECURITY_BAR row 18"""
    assert totp.normalize(text) is None


@pytest.mark.parametrize("text", [" " * 100_000 + "123456", "123456" * 100_000])
def test_overlong_text_is_invalid(text: str) -> None:
    assert totp.normalize(text) is None


def test_a_secret_has_160_bits() -> None:
    """SECURITY_BAR, the table of values; RFC 4226 section 4, R6"""
    assert len(base64.b32decode(totp.new_secret())) * 8 == 160
    assert totp.new_secret() != totp.new_secret()


@unhurried
@given(
    secrets,
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=64),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=64),
)
def test_an_authenticator_app_can_parse_the_provisioning_uri(
    secret: str, username: str, issuer: str
) -> None:
    """CONTRACT: otp_uri"""
    uri = totp.provisioning_uri(secret, username=username, issuer=issuer)

    assert uri.isascii()
    assert uri.startswith("otpauth://totp/")
    read = pyotp.parse_uri(uri)
    assert read.secret == secret
    assert read.issuer == issuer
    assert read.name == username


def test_no_code_is_valid_at_a_time_before_1970() -> None:
    """Faults row 12: clock jumps"""
    now = datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)

    assert totp.matching_step(RFC_SECRET, "000000", now=now) is None
