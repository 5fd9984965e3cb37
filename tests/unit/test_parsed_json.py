"""JSON columns are parsed once, into models that have the members of their schemas."""

import json

from app.models.accounts.user_claims import UserClaims
from app.models.clients.registered_metadata import RegisteredMetadata
from app.schemas.claims import VERIFIED, StandardClaims
from app.schemas.clients import ClientMetadata
from tests.repositories.conftest import new_client, new_user


def test_the_metadata_of_a_client_has_the_members_of_its_schema() -> None:
    assert set(RegisteredMetadata._fields) == set(ClientMetadata.model_fields)


def test_the_claims_of_a_user_have_the_members_of_their_schema() -> None:
    provided = set(StandardClaims.model_fields) - {"preferred_username"}

    assert set(UserClaims._fields) == provided | set(VERIFIED.values())


def test_metadata_is_parsed_once_and_keeps_members_of_other_languages_and_releases() -> None:
    members = {"logo_uri": "https://app.example/logo", "client_name#de": "Foto", "later": True}
    client = new_client()._replace(metadata=json.dumps(members))

    metadata = client.registered_metadata

    assert metadata == RegisteredMetadata(logo_uri="https://app.example/logo")
    assert metadata is client.registered_metadata
    assert client.metadata_members == members


def test_only_a_verified_email_has_a_key() -> None:
    unverified = UserClaims.of({"email": "Zoe@Example.com"})
    verified = unverified._replace(email_verified=True)

    assert (unverified.verified_email, unverified.email_key) == (None, None)
    assert (verified.verified_email, verified.email_key) == ("Zoe@Example.com", "zoe@example.com")
    assert UserClaims.of({}).email_key is None


def test_claims_are_parsed_once() -> None:
    user = new_user(claims="{}")

    assert user.standard_claims is user.standard_claims
    assert user.standard_claims == UserClaims()
