"""What a password may be, and its Argon2id hash (NIST SP 800-63B, RFC 8265 section 4)."""

import hashlib
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.security import foreign_hashes
from app.security.passwords import (
    MAXIMUM_LENGTH,
    MINIMUM_LENGTH,
    PasswordScheme,
    is_common,
    prepare,
    problem_with,
)

unhurried = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
CHEAP = PasswordScheme(memory_kib=64, time_cost=1, parallelism=1)
any_text = st.text(st.characters(), max_size=300)


@unhurried
@given(any_text)
def test_verifying_any_other_text_returns_false(text: str) -> None:
    """SECURITY_BAR row 11"""
    assert CHEAP.verify(text, CHEAP.hash("something else entirely")) is False


@unhurried
@given(any_text)
def test_an_allowed_password_can_be_hashed_and_verified(text: str) -> None:
    """SECURITY_BAR row 11"""
    if problem_with(text) is None:
        assert MINIMUM_LENGTH <= len(text) <= MAXIMUM_LENGTH
        assert CHEAP.verify(text, CHEAP.hash(text))


@unhurried
@given(any_text)
def test_an_error_message_is_a_sentence_without_the_password(text: str) -> None:
    """SECURITY_BAR row 13"""
    problem = problem_with(text)

    assert problem is None or problem.endswith(".")
    assert problem is None or len(text) < MINIMUM_LENGTH or text not in problem


@unhurried
@given(st.text(max_size=100))
def test_preparing_a_password_is_idempotent(text: str) -> None:
    """RFC 8265 section 4.2.1"""
    once = prepare(text)

    assert prepare(once) == once
    assert prepare(unicodedata.normalize("NFD", text)) == once


@pytest.mark.parametrize("space", ["\u00a0", "\u1680", "\u2003", "\u202f", "\u205f", "\u3000"])
def test_every_unicode_space_is_mapped_to_an_ascii_space(space: str) -> None:
    """RFC 8265 section 4.2.1"""
    assert prepare(f"two{space}words") == "two words"


def test_compatibility_forms_remain_distinct() -> None:
    """RFC 8265 section 4.2.1: NFC, not NFKC"""
    assert prepare("\ufb01") != prepare("fi")


def test_the_shipped_argon2_parameters_match_the_security_bar() -> None:
    """SECURITY_BAR, the table of values: 19 MiB, t=2, p=1"""
    shipped = PasswordScheme(memory_kib=19_456, time_cost=2, parallelism=1)

    assert shipped.hash("a password").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_two_hashes_of_one_password_differ() -> None:
    assert CHEAP.hash("a password") != CHEAP.hash("a password")


@pytest.mark.parametrize(
    "other",
    [
        PasswordScheme(memory_kib=128, time_cost=1, parallelism=1),
        PasswordScheme(memory_kib=64, time_cost=2, parallelism=1),
        PasswordScheme(memory_kib=64, time_cost=1, parallelism=2),
    ],
)
def test_a_hash_with_other_parameters_is_outdated_but_still_verifies(other: PasswordScheme) -> None:
    """SECURITY_BAR, the table of values: rehash on login when raised"""
    made = CHEAP.hash("a password")

    assert not CHEAP.is_outdated(made)
    assert other.is_outdated(made)
    assert other.verify("a password", made)


@pytest.mark.parametrize(
    "foreign",
    [
        "$pbkdf2-sha256$1000$RohxrtUa41yL8X6v9T6nFA$NCn9oCxGZwd30w4vHQ7o1..3B6Pbw6oYPp64haKMKyk",
        "$argon2i$v=19$m=64,t=2,p=1$9DPSRxwZzKCVJtjcJo0/4Q$FqoVW51fTvmdAYMpg6zqdJh7MNCXKEcrNknMFR/RY28",
        "$argon2id$v=19$m=64,t=2,p=1$y+F5AmKUIRGcPVcoD1tXEw$U7iwHQtGFyibQyq3g0p6PGWVOuo83eG75fuFZ23VQx4",
    ],
)  # of foreign_hashes.toml
def test_a_hash_of_another_system_is_outdated_but_verifies(foreign: str) -> None:
    assert CHEAP.is_outdated(foreign)
    assert CHEAP.verify("Zoë's passphrase", foreign)
    assert not CHEAP.verify("Zoe's passphrase", foreign)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_password_that_another_system_hashed_as_typed_verifies(form: str) -> None:
    typed = unicodedata.normalize(form, "Zoë\u00a0says hello")
    salt = b"saltsaltsaltsalt"
    derived = hashlib.pbkdf2_hmac("sha256", typed.encode(), salt, 1000)
    stored = foreign_hashes.normal_form(f"pbkdf2:sha256:1000${salt.decode()}${derived.hex()}")

    assert CHEAP.verify(typed, stored)


@pytest.mark.parametrize(
    "malformed",
    ["", "x", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=64,t=1,p=1$!$!"],
)
def test_a_malformed_hash_never_verifies_and_is_outdated(malformed: str) -> None:
    assert CHEAP.verify("a password", malformed) is False
    assert CHEAP.is_outdated(malformed)


@pytest.mark.parametrize("password", ["password123", "PASSWORD123", "iloveyou", "qwerty"])
def test_common_passwords_are_detected_in_any_case(password: str) -> None:
    """SECURITY_BAR row 25"""
    assert is_common(password)


@pytest.mark.parametrize("password", ["correct horse battery staple", "Vr3kq9ZtW8yLm2Xb", ""])
def test_other_passwords_are_not_common(password: str) -> None:
    assert not is_common(password)
