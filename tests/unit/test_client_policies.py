"""Policies of clients and claim mappings: what is accepted, and how they are stored."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.oauth.claims import CLAIMS_BY_SCOPE
from app.schemas.claim_mappings import ClaimMapping
from app.schemas.claim_names import (
    IDENTITY_CLAIMS,
    PROFILE_CLAIMS,
    RESERVED_CLAIMS,
)
from app.schemas.client_policies import ClientPolicies, parse_policies
from app.schemas.tokens import IntrospectionResponse, TokenResponse

GROUP = "0" * 32
REGISTERED: dict[str, str] = {
    "RFC 7519 section 4.1": "iss sub aud exp nbf iat jti",
    "RFC 7519 section 5.1, which may be replicated as a claim": "typ",
    "RFC 7662 section 2.2": (
        "active scope client_id username token_type exp iat nbf sub aud iss jti"
    ),
    "RFC 7800": "cnf",
    "RFC 8417": "events",
    "RFC 8693 section 4": "act may_act scope client_id",
    "RFC 9068 section 2.2": "iss exp aud sub client_id iat jti auth_time acr amr scope",
    "RFC 9396 section 9": "authorization_details",
    "OpenID Connect Core section 2": (
        "iss sub aud exp iat auth_time nonce acr amr azp at_hash c_hash"
    ),
    "OpenID Connect Core section 5.1, by which accounts are recognised": (
        "preferred_username email email_verified phone_number phone_number_verified"
    ),
    "OpenID Connect Core section 5.6": "_claim_names _claim_sources",
    "Financial-grade API part 2": "s_hash",
    "OpenID Connect Front-Channel and Back-Channel Logout": "sid events",
}
"""Names in the registries of JWT claims and of introspection responses, by specification."""


def mapping(**values: Any) -> dict[str, Any]:
    return {"name": "team", "source": "groups", "targets": ["id_token"], **values}


@pytest.mark.parametrize("specification", REGISTERED)
def test_registered_names_of_the_protocol_cannot_be_mapped(specification: str) -> None:
    for name in REGISTERED[specification].split():
        assert name in RESERVED_CLAIMS
        with pytest.raises(ValidationError):
            ClaimMapping.model_validate(mapping(name=name))


def test_members_of_the_introspection_and_token_responses_cannot_be_mapped() -> None:
    assert {*IntrospectionResponse.model_fields, *TokenResponse.model_fields} <= RESERVED_CLAIMS


def test_every_standard_claim_is_reserved_or_vouched_for() -> None:
    """OpenID Connect Core section 5.1"""
    standard = {name for names in CLAIMS_BY_SCOPE.values() for name in names}

    assert standard - {"groups", "roles"} == {*IDENTITY_CLAIMS, *PROFILE_CLAIMS}
    assert RESERVED_CLAIMS.isdisjoint({"groups", "roles", *PROFILE_CLAIMS})


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a b"},
        {"name": ""},
        {"name": "a\n"},
        {"source": "password"},
        {"source": "attribute:"},
        {"source": "attribute:Ä"},
        {"targets": []},
        {"targets": ["jwt"]},
        {"source": "static"},
        {"value": "x"},
        {"source": "roles", "prefix": "x"},
        {"source": "roles", "filter": ["x"]},
        {"prefix": "\x1f"},
        {"unknown": 1},
        {"source": "static", "value": float("nan")},
        {"source": "static", "value": 2**60},
        {"source": "static", "value": {"a": 1}},
    ],
    ids=str,
)
def test_a_wrong_mapping_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ClaimMapping.model_validate(mapping(**wrong))


@pytest.mark.parametrize("value", ["text", 7, 1.5, True, ["a", "b"]])
def test_a_static_value_keeps_its_type_in_the_database(value: Any) -> None:
    policies = ClientPolicies.model_validate(
        {"claim_mappings": [mapping(source="static", value=value)]}
    )
    stored = policies.stored()

    assert stored is not None
    read = parse_policies(stored)
    assert read == policies
    kept = read.claim_mappings[0].value
    assert type(kept) is (tuple if isinstance(value, list) else type(value))


def test_policies_without_a_rule_are_not_stored() -> None:
    """So that the client makes no look-up"""
    assert ClientPolicies().stored() is None
    assert ClientPolicies.model_validate({"access": {"kind": "everyone"}}).stored() is None
    assert ClientPolicies(require_pkce=False).stored() == '{"require_pkce":false}'


@pytest.mark.parametrize(
    "wrong",
    [
        {"access": {"kind": "groups"}},
        {"access": {"kind": "nobody", "groups": [GROUP]}},
        {"access": {"kind": "groups", "groups": ["staff"]}},
        {"access_token_ttl": 1},
        {"second_factor": "never"},
        {"id_token_claims": ["groups"]},
        {"login_methods": []},
        {"login_methods": ["magic"]},
        {"allowed_scopes": ["a b"]},
        {"claim_mappings": [mapping(), mapping(source="roles")]},
        {"admin_scopes": "admin"},
    ],
    ids=str,
)
def test_wrong_policies_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ClientPolicies.model_validate(wrong)


def test_one_claim_may_have_different_sources_in_different_places() -> None:
    policies = ClientPolicies.model_validate(
        {"claim_mappings": [mapping(), mapping(source="roles", targets=["userinfo"])]}
    )

    assert [each.source for each in policies.claim_mappings] == ["groups", "roles"]
