"""Properties of scopes (RFC 6749 section 3.3): nothing is granted beyond what is allowed."""

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.oauth.errors import InvalidScopeError
from app.oauth.scopes import default_scope, narrow_scope, split_scope
from app.security.text import MAXIMUM_SCOPE_LENGTH

fast = settings(deadline=None, max_examples=200)

ALLOWED_CHARACTERS = "".join(
    char for char in string.printable if "!" <= char <= "~" and char not in '"\\'
)
name = st.text(ALLOWED_CHARACTERS, min_size=1, max_size=20)
names = st.lists(name, unique=True, min_size=1, max_size=12)
some_names = st.one_of(name, st.sampled_from(["openid", "profile", "email", "offline_access"]))
allowed_scopes = st.lists(some_names, unique=True, max_size=12).map(" ".join)


@fast
@given(asked=st.one_of(st.none(), st.text(), allowed_scopes), allowed=allowed_scopes)
def test_whatever_is_asked_for_the_granted_scope_is_within_the_allowed_one(
    asked: str | None, allowed: str
) -> None:
    """SECURITY_BAR row 6: never anything but `InvalidScopeError`, and never wider"""
    try:
        granted = narrow_scope(asked, allowed=allowed)
    except InvalidScopeError:
        return

    assert set(granted.split()) <= set(allowed.split())
    assert len(granted.split()) == len(set(granted.split()))
    if asked is not None:
        assert set(granted.split()) == set(asked.split())


@fast
@given(allowed=names, data=st.data())
def test_any_part_of_the_allowed_scope_is_granted_in_the_order_it_was_asked_for(
    allowed: list[str], data: st.DataObject
) -> None:
    """RFC 6749 section 3.3"""
    asked = data.draw(st.lists(st.sampled_from(allowed), unique=True, min_size=1))

    granted = narrow_scope(" ".join(asked), allowed=" ".join(allowed))

    assert granted == " ".join(asked)
    assert narrow_scope(granted, allowed=granted) == granted


@fast
@given(allowed=names, data=st.data())
def test_what_was_narrowed_once_is_never_widened_again(
    allowed: list[str], data: st.DataObject
) -> None:
    """SECURITY_BAR row 6"""
    first = data.draw(st.lists(st.sampled_from(allowed), unique=True, min_size=1))
    second = data.draw(st.lists(st.sampled_from(allowed), unique=True, min_size=1))
    granted = narrow_scope(" ".join(first), allowed=" ".join(allowed))

    if set(second) <= set(first):
        assert narrow_scope(" ".join(second), allowed=granted) == " ".join(second)
    else:
        with pytest.raises(InvalidScopeError):
            narrow_scope(" ".join(second), allowed=granted)


@fast
@given(allowed=names, further=name, place=st.integers(min_value=0, max_value=12))
def test_one_name_too_many_refuses_the_whole(allowed: list[str], further: str, place: int) -> None:
    """SECURITY_BAR row 6"""
    assume(further not in allowed)
    asked = [*allowed[:place], further, *allowed[place:]]

    with pytest.raises(InvalidScopeError):
        narrow_scope(" ".join(asked), allowed=" ".join(allowed))


@fast
@given(allowed=allowed_scopes)
def test_without_a_scope_all_is_granted_but_what_wants_to_be_asked_for(allowed: str) -> None:
    """CONTRACT: less `openid` and `offline_access`"""
    granted = narrow_scope(None, allowed=allowed)

    assert granted == default_scope(allowed)
    assert set(granted.split()) == set(allowed.split()) - {"openid", "offline_access"}


@fast
@given(asked=names, repeated=st.integers(min_value=1, max_value=3))
def test_a_name_that_is_repeated_counts_once(asked: list[str], repeated: int) -> None:
    """RFC 6749 section 3.3"""
    assert split_scope(" ".join(asked * repeated)) == asked


@fast
@given(
    before=st.text(ALLOWED_CHARACTERS, max_size=20),
    char=st.characters(exclude_characters=ALLOWED_CHARACTERS + " "),
    after=st.text(ALLOWED_CHARACTERS, max_size=20),
)
def test_a_character_that_no_scope_has_is_refused(before: str, char: str, after: str) -> None:
    """SECURITY_BAR row 6: control characters, quotes, other alphabets, other spaces"""
    with pytest.raises(InvalidScopeError):
        split_scope(before + char + after)


@fast
@given(
    asked=st.one_of(
        st.integers(min_value=0, max_value=20).map(lambda count: " " * count),
        st.integers(min_value=MAXIMUM_SCOPE_LENGTH + 1, max_value=20_000).map(
            lambda count: "x" * count
        ),
        st.integers(min_value=MAXIMUM_SCOPE_LENGTH, max_value=5_000).map(
            lambda count: "x " * count
        ),
    )
)
def test_nothing_and_too_much_are_refused(asked: str) -> None:
    """SECURITY_BAR row 6: 10 kB"""
    with pytest.raises(InvalidScopeError):
        split_scope(asked)
