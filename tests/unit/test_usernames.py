"""The key of a user name (RFC 8265 section 3.3)."""

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.models.accounts.users import users
from app.security.scripts import scripts_of
from app.security.text import is_storable
from app.security.usernames import (
    MAXIMUM_LENGTH,
    UsernameError,
    account_of,
    key_of,
    key_or_none,
    new_name,
    problem_with,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
FULLWIDTH = 0xFEE0
any_text = st.text(st.characters(), max_size=80)
letters = st.text(st.characters(categories=["Ll", "Lu", "Lo", "Nd"]), min_size=1, max_size=64)
visible = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
ascii_names = st.text(visible, min_size=1, max_size=64)


@unhurried
@given(any_text)
def test_any_text_has_a_key_or_an_error_message(text: str) -> None:
    """SECURITY_BAR rows 21 and 44"""
    key = key_or_none(text)

    if key is None:
        with pytest.raises(UsernameError, match=r"\.$"):
            key_of(text)
    else:
        assert is_storable(text.strip())
        assert is_storable(key)
        assert not any(char.isspace() for char in key)


@unhurried
@given(letters)
def test_deriving_a_key_is_idempotent(name: str) -> None:
    """RFC 8264 section 7: applying the rules again changes nothing"""
    key = key_or_none(name)
    if key is not None and len(key) <= MAXIMUM_LENGTH:
        assert key_of(key) == key


@unhurried
@given(letters)
def test_a_key_fits_its_column(name: str) -> None:
    """SECURITY_BAR row 44: PostgreSQL refuses what is longer, SQLite does not"""
    key = key_or_none(name)

    assert key is None or len(key) <= users.c.username_key.type.length


@pytest.mark.parametrize("letter", ["\ufb2c", "\ufb2d", "\u0130", "\u0958", "\u1e9e"])
def test_a_key_of_letters_that_expand_when_normalized_fits_its_column(letter: str) -> None:
    """SECURITY_BAR row 44"""
    key = key_or_none(letter * MAXIMUM_LENGTH)

    assert key is None or len(key) <= users.c.username_key.type.length


@unhurried
@given(ascii_names)
def test_case_and_width_do_not_change_the_key(name: str) -> None:
    """SECURITY_BAR row 21"""
    wide = "".join(chr(ord(char) + FULLWIDTH) for char in name)

    assert key_of(name) == key_of(name.upper()) == key_of(wide) == name.lower()


@unhurried
@given(letters)
def test_unicode_composition_does_not_change_the_key(name: str) -> None:
    """SECURITY_BAR row 21"""
    decomposed = unicodedata.normalize("NFD", name)
    if len(decomposed) <= MAXIMUM_LENGTH:
        assert key_or_none(decomposed) == key_or_none(name)


@unhurried
@given(letters)
def test_a_name_that_mixes_latin_and_cyrillic_letters_is_refused(name: str) -> None:
    """SECURITY_BAR row 21; UTS 39 section 5"""
    assert problem_with("a" + name[:62] + "\u0436") is not None


@unhurried
@given(any_text)
def test_a_new_name_is_in_nfc_and_has_the_key_used_for_lookup(text: str) -> None:
    """SECURITY_BAR row 21"""
    if problem_with(text) is not None:
        return
    name = new_name(text)

    assert unicodedata.is_normalized("NFC", name.spelling)
    assert name.spelling == name.spelling.strip()
    assert name.key == key_of(text) == key_of(name.spelling)


@pytest.mark.slow
def test_the_script_of_every_letter_is_known() -> None:
    """UAX 24: a letter of an unknown script would go with itself only"""
    letters = (chr(code) for code in range(0x80, 0x32000))
    assigned = [char for char in letters if unicodedata.category(char).startswith("L")]

    assert [char for char in assigned if scripts_of(char) == {"Zzzz"}] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("zoe@example.com", " ZOE@Example.COM "),
        ("zoe@example.com", "zoe@ex\u00adample.com"),
        ("zoe@example.com", "zoe@\u24d4xample.com"),
        ("zoe@b\u00fccher.example", "zoe@xn--bcher-kva.example"),
        ("Zoe", "\uff3aoe"),
    ],
)
def test_spellings_of_the_same_account_share_their_attempts(one: str, other: str) -> None:
    """SECURITY_BAR row 23: nobody gets more attempts by writing an address in another way"""
    assert account_of(one) == account_of(other)


@pytest.mark.parametrize("length", [0, MAXIMUM_LENGTH + 1, 100_000])
def test_the_length_of_a_username_is_limited(length: int) -> None:
    with pytest.raises(UsernameError, match="1 to 64 characters"):
        key_of("a" * length)
