"""The claims parameter (OpenID Connect Core section 5.5) and which claims it releases."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.models.accounts.users import User
from app.oauth.claims import (
    CLAIMS_BY_SCOPE,
    SUPPORTED_CLAIMS,
    claims_for_id_token,
    claims_of,
    parse_claims,
    scopes_of,
)
from app.oauth.errors import InvalidRequestError

CREATED_AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def person(claims_updated_at: datetime | None = None, /, **claims: Any) -> User:
    return User(
        user_id="an-identifier",
        username="Zoe",
        username_key="zoe",
        password_hash="",
        credentials_version="1",
        otp_secret=None,
        otp_confirmed_at=None,
        otp_last_step=None,
        disabled_at=None,
        created_at=CREATED_AT,
        claims=json.dumps(claims),
        claims_updated_at=claims_updated_at,
        pairwise_salt=b"salt",
    )


def test_the_parameter_lists_claims_for_userinfo_and_for_the_id_token() -> None:
    """Section 5.5"""
    text = """{
        "userinfo": {"given_name": {"essential": true}, "nickname": null},
        "id_token": {"auth_time": {"essential": true}, "acr": {"values": ["urn:one"]}}
    }"""

    request = parse_claims(text)

    assert request.userinfo == {"given_name": {"essential": True}, "nickname": {}}
    assert request.id_token == {"auth_time": {"essential": True}, "acr": {"values": ["urn:one"]}}


@pytest.mark.parametrize("text", [None, "{}", '{"userinfo": null, "id_token": {}}', '{"x": 1}'])
def test_a_parameter_may_request_no_claims(text: str | None) -> None:
    """Section 5.5: members that are not understood are ignored"""
    request = parse_claims(text)

    assert not request.userinfo
    assert not request.id_token
    assert request.text is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "{",
        "null",
        "[]",
        '"userinfo"',
        '{"userinfo": []}',
        '{"userinfo": "name"}',
        '{"userinfo": {"name": true}}',
        '{"id_token": {"name": []}}',
        '{"id_token": {"acr": {"values": 5}}}',
        '{"id_token": {"acr": {"values": "urn:one"}}}',
        '{"id_token": {"acr": {"values": null}}}',
        '{"userinfo": {"name": {"value": NaN}}}',
        '{"userinfo": {"name": {"value": 1e999}}}',
        '{"userinfo": {"name": {"value": ' + "9" * 5000 + "}}}",
        '{"userinfo": {"\\ud800": null}}',
        '{"userinfo": {"name": {"value": ' + "[" * 20 + "]" * 20 + "}}}",
        "[" * 8000,
        '{"userinfo": {"name": {"value": "' + "x" * 8192 + '"}}}',
    ],
    ids=lambda text: text[:45],
)
def test_a_malformed_claims_parameter_is_an_invalid_request(text: str) -> None:
    """SECURITY_BAR row 44; section 5.5.1: a claim has null or an object with its conditions"""
    with pytest.raises(InvalidRequestError):
        parse_claims(text)


def test_requested_claims_map_to_the_scopes_that_contain_them() -> None:
    """SECURITY_BAR row 34: what a person is asked about"""
    request = parse_claims(
        '{"userinfo": {"email": null, "odd": null}, "id_token": {"birthdate": null, "sub": {}}}'
    )

    assert scopes_of(request) == {"email", "profile"}


def test_claims_outside_the_registered_scope_of_the_client_are_dropped() -> None:
    """SECURITY_BAR row 6: a claim is not a way round the registered scope"""
    request = parse_claims(
        '{"userinfo": {"email": null, "name": {}, "odd": {}}, "id_token": {"acr": {"value": "x"}}}'
    )

    within = request.within("openid profile")

    assert within.userinfo == {"name": {}}
    assert within.id_token == {"acr": {"value": "x"}}


def test_a_claims_request_survives_a_round_trip_through_text() -> None:
    request = parse_claims('{"userinfo": {"name": null}, "id_token": {"email": {"x": "ü"}}}')

    assert parse_claims(request.text) == request


@pytest.mark.parametrize("scope", CLAIMS_BY_SCOPE)
def test_a_scope_releases_its_claims_and_no_others(scope: str) -> None:
    """Section 5.4"""
    everything = {name: "x" for names in CLAIMS_BY_SCOPE.values() for name in names}

    released = claims_of(person(**everything), scope=f"openid {scope}", asked={})

    assert set(released) == set(CLAIMS_BY_SCOPE[scope]) - {"groups", "roles"}  # never stored


def test_an_unset_claim_is_omitted_and_never_null() -> None:
    """Section 5.3.2"""
    released = claims_of(
        person(email="zoe@example.com"),
        scope="openid profile email phone address",
        asked={"nickname": {"essential": True}},
    )

    assert released == {
        "preferred_username": "Zoe",
        "updated_at": int(CREATED_AT.timestamp()),
        "email": "zoe@example.com",
    }


def test_preferred_username_is_the_username_even_if_another_value_is_stored() -> None:
    released = claims_of(person(preferred_username="admin"), scope="profile", asked={})

    assert released["preferred_username"] == "Zoe"


def test_updated_at_is_a_number_and_changes_with_the_claims() -> None:
    """Section 5.1: seconds since 1970"""
    changed_at = datetime(2026, 5, 5, tzinfo=UTC)

    released = claims_of(person(changed_at), scope="profile", asked={})

    assert released["updated_at"] == int(changed_at.timestamp())


def test_individually_requested_claims_are_released_without_their_scope() -> None:
    """Section 5.5"""
    zoe = person(name="Zoë Example", email="zoe@example.com", nickname="zo")
    request = parse_claims('{"userinfo": {"email": null}, "id_token": {"name": null}}')

    assert claims_of(zoe, scope="openid", asked=request.userinfo) == {"email": "zoe@example.com"}
    assert claims_for_id_token(zoe, request, scope="", also=()) == {"name": "Zoë Example"}


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "sub", "sid", "user_id", "password_hash"])
def test_only_standard_claims_can_be_requested(name: str) -> None:
    """SECURITY_BAR row 41: no name reaches into the account or overrides what a token says"""
    zoe = person(**{name: "x"})

    assert claims_of(zoe, scope="openid", asked={name: {"value": "y"}}) == {}


def test_each_supported_claim_belongs_to_one_scope_or_describes_the_sign_in() -> None:
    of_scopes = [name for names in CLAIMS_BY_SCOPE.values() for name in names]

    assert len(SUPPORTED_CLAIMS) == len(set(SUPPORTED_CLAIMS))
    assert set(SUPPORTED_CLAIMS) - set(of_scopes) == {"sub", "auth_time", "acr", "amr"}
