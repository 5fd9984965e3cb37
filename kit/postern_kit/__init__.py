"""Verify access tokens of an OAuth 2.1 issuer in a service, and get tokens for one."""

from postern_kit.client_credentials import ClientCredentials
from postern_kit.dpop import DpopVerifier
from postern_kit.httpx_auth import ClientCredentialsAuth
from postern_kit.introspection import IntrospectionVerifier
from postern_kit.jwt_verifier import JwtVerifier
from postern_kit.refusals import Refusal
from postern_kit.resource_server import Requirements, ResourceServer
from postern_kit.tokens import AccessToken, TokenVerifier

__all__ = [
    "AccessToken",
    "ClientCredentials",
    "ClientCredentialsAuth",
    "DpopVerifier",
    "IntrospectionVerifier",
    "JwtVerifier",
    "Refusal",
    "Requirements",
    "ResourceServer",
    "TokenVerifier",
]
