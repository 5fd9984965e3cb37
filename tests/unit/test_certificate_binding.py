"""Tokens of clients that registered it are bound to their certificate (RFC 8705 section 3)."""

import json

from app.oauth.proven_keys import ProvenKeys, bound_to
from app.oauth.token_grants import TokenGrant
from app.security.client_certificates import ClientCertificate
from tests.support.clients import client_with

GRANT = TokenGrant(scope="profile", resource=None)
BOUND_CLIENT = client_with(tls_client_certificate_bound_access_tokens=True)
CERTIFICATE = ClientCertificate(b"der", ())


def test_a_grant_is_bound_to_the_certificate_of_its_request() -> None:
    grant = bound_to(ProvenKeys(None, CERTIFICATE), GRANT, BOUND_CLIENT)

    assert json.loads(grant.confirmation or "") == {"x5t#S256": CERTIFICATE.thumbprint}


def test_grants_of_other_clients_are_not_bound() -> None:
    for metadata in (
        {},
        {"tls_client_certificate_bound_access_tokens": False},
        {"software_id": "tls_client_certificate_bound_access_tokens"},
    ):
        assert bound_to(ProvenKeys(None, CERTIFICATE), GRANT, client_with(**metadata)) is GRANT
