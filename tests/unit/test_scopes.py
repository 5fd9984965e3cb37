"""Properties of scopes (RFC 6749 section 3.3): nothing is granted beyond what is allowed."""

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.models.clients.clients import Client
from app.oauth.errors import InvalidScopeError
from app.oauth.scopes import (
    IGNORED_UNLESS_REGISTERED,
    NOT_BY_DEFAULT,
    NOT_BY_DEFAULT_WITHOUT_USER,
    SCOPES,
    default_scope,
    narrow_granted_scope,
    narrow_scope,
    split_scope,
)
from app.security.text import MAXIMUM_SCOPE_LENGTH
from tests.support.clients import client_with

fast = settings(deadline=None, max_examples=200)

ALLOWED_CHARACTERS = "".join(
    char for char in string.printable if "!" <= char <= "~" and char not in '"\\'
)
name = st.text(ALLOWED_CHARACTERS, min_size=1, max_size=20)
names = st.lists(name, unique=True, min_size=1, max_size=12)
some_names = st.one_of(name, st.sampled_from(["openid", "profile", "email", "offline_access"]))
allowed_scopes = st.lists(some_names, unique=True, max_size=12).map(" ".join)


def client_of(scope: str) -> Client:
    return client_with()._replace(scope=scope)


@fast
@given(
    asked=st.one_of(st.none(), st.text(), allowed_scopes),
    allowed=allowed_scopes,
    requires_known_name=st.booleans(),
)
def test_the_granted_scope_never_exceeds_the_registered_scope(
    asked: str | None, allowed: str, requires_known_name: bool
) -> None:
    """SECURITY_BAR row 6: never anything but `InvalidScopeError`, and never wider"""
    try:
        granted = narrow_scope(
            asked, client=client_of(allowed), requires_known_name=requires_known_name
        )
    except InvalidScopeError:
        return

    assert set(granted.split()) <= set(allowed.split())
    assert len(granted.split()) == len(set(granted.split()))
    supported = SCOPES.keys() - IGNORED_UNLESS_REGISTERED
    known = set((asked or "").split()) & (supported | set(allowed.split()))
    if known:
        assert set(granted.split()) == known
    else:
        assert not (asked and requires_known_name)
        left_out = NOT_BY_DEFAULT_WITHOUT_USER if requires_known_name else NOT_BY_DEFAULT
        assert granted == default_scope(allowed, leaving_out=left_out)


@fast
@given(allowed=names, data=st.data())
@pytest.mark.slow
def test_any_subset_of_the_registered_scope_is_granted_in_the_requested_order(
    allowed: list[str], data: st.DataObject
) -> None:
    """RFC 6749 section 3.3"""
    asked = data.draw(st.lists(st.sampled_from(allowed), unique=True, min_size=1))

    granted = narrow_scope(
        " ".join(asked), client=client_of(" ".join(allowed)), requires_known_name=True
    )

    assert granted == " ".join(asked)


@fast
@given(registered=names, data=st.data())
def test_a_refresh_never_widens_the_granted_scope(
    registered: list[str], data: st.DataObject
) -> None:
    """SECURITY_BAR row 6"""
    first = data.draw(st.lists(st.sampled_from(registered), unique=True, min_size=1))
    second = data.draw(st.lists(st.sampled_from(registered), unique=True, min_size=1))
    client, granted = client_of(" ".join(registered)), " ".join(first)

    if set(second) <= set(first):
        assert narrow_granted_scope(" ".join(second), client=client, granted=granted) == " ".join(
            second
        )
    else:
        with pytest.raises(InvalidScopeError):
            narrow_granted_scope(" ".join(second), client=client, granted=granted)


@fast
@given(registered=names, further=name, place=st.integers(min_value=0, max_value=12))
def test_an_unknown_scope_is_ignored_beside_registered_ones(
    registered: list[str], further: str, place: int
) -> None:
    """SECURITY_BAR row 6"""
    assume(further not in registered and further not in SCOPES)
    asked = " ".join([*registered[:place], further, *registered[place:]])
    client = client_of(" ".join(registered))

    for requires_known_name in (True, False):
        granted = narrow_scope(asked, client=client, requires_known_name=requires_known_name)
        assert granted == " ".join(registered)


@fast
@given(registered=names, further=st.sampled_from(sorted(SCOPES.keys() - IGNORED_UNLESS_REGISTERED)))
def test_a_known_scope_that_is_not_registered_is_an_invalid_scope(
    registered: list[str], further: str
) -> None:
    """SECURITY_BAR row 6"""
    assume(further not in registered)

    with pytest.raises(InvalidScopeError):
        narrow_scope(
            " ".join([*registered, further]),
            client=client_of(" ".join(registered)),
            requires_known_name=False,
        )


@fast
@given(registered=allowed_scopes)
def test_without_a_scope_everything_but_openid_and_offline_access_is_granted(
    registered: str,
) -> None:
    """CONTRACT: less `openid` and `offline_access`"""
    granted = narrow_scope(None, client=client_of(registered), requires_known_name=True)

    assert granted == default_scope(registered)
    assert set(granted.split()) == set(registered.split()) - {"openid", "offline_access"}


@fast
@given(asked=names, repeated=st.integers(min_value=1, max_value=3))
def test_repeated_scopes_are_deduplicated(asked: list[str], repeated: int) -> None:
    """RFC 6749 section 3.3"""
    assert split_scope(" ".join(asked * repeated)) == asked


@fast
@given(
    before=st.text(ALLOWED_CHARACTERS, max_size=20),
    char=st.characters(exclude_characters=ALLOWED_CHARACTERS + " "),
    after=st.text(ALLOWED_CHARACTERS, max_size=20),
)
def test_a_character_that_is_not_allowed_in_scopes_is_refused(
    before: str, char: str, after: str
) -> None:
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
def test_empty_and_overlong_scopes_are_refused(asked: str) -> None:
    """SECURITY_BAR row 6: 10 kB"""
    with pytest.raises(InvalidScopeError):
        split_scope(asked)
