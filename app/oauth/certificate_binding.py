"""Tokens bound to the certificate of their client (RFC 8705 section 3).

What a token is bound to is stored as the `cnf` claim (RFC 7800 section 3), in JSON. Here its member
is `x5t#S256`, the thumbprint of a certificate.
"""

from app.models.clients.clients import Client
from app.oauth.descriptions import Description
from app.oauth.dpop.confirmation import parse_confirmation
from app.oauth.errors import InvalidRequestError, InvalidTokenError
from app.security.client_certificates import ClientCertificate

THUMBPRINT = "x5t#S256"


def require_certificate_of(client: Client, certificate: ClientCertificate | None) -> None:
    """Require a certificate in a token request if the tokens of the client are bound to it.

    Raises `InvalidRequestError`.
    """
    if certificate is None and client.has_certificate_bound_tokens:
        raise InvalidRequestError(
            Description.CLIENT_CERTIFICATE_REQUIRED,
            reason="the client registered tls_client_certificate_bound_access_tokens",
        )


def require_certificate_of_token(
    confirmation: str | None, certificate: ClientCertificate | None
) -> None:
    """Require the certificate that an access token is bound to; raises `InvalidTokenError`."""
    if not is_certificate_of(confirmation, certificate):
        raise InvalidTokenError(
            Description.TOKEN_OF_CERTIFICATE,
            reason="the access token is bound to another client certificate",
        )


def is_certificate_of(confirmation: str | None, certificate: ClientCertificate | None) -> bool:
    """Return whether a certificate is the one that something is bound to, if it is to one."""
    if confirmation is None:
        return True
    thumbprint = parse_confirmation(confirmation).get(THUMBPRINT)
    if thumbprint is None:
        return True
    return certificate is not None and certificate.thumbprint == thumbprint
