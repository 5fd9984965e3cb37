"""Grants (RFC 6749 section 4): one file per grant, and one line per grant in `GRANTS`.

The dispatcher, the metadata document, registration and the OpenAPI page read this tuple.
"""

from collections.abc import Sequence
from typing import Any

from app.oauth.grants.authorization_code import AuthorizationCodeGrant
from app.oauth.grants.base import Grant
from app.oauth.grants.client_credentials import ClientCredentialsGrant
from app.oauth.grants.device_code import DeviceCodeGrant
from app.oauth.grants.jwt_bearer import JwtBearerGrant
from app.oauth.grants.password import PasswordGrant
from app.oauth.grants.refresh_token import RefreshTokenGrant
from app.oauth.grants.token_exchange import TokenExchangeGrant

Grants = Sequence[type[Grant[Any]]]

GRANTS: Grants = (
    AuthorizationCodeGrant,
    ClientCredentialsGrant,
    PasswordGrant,
    RefreshTokenGrant,
    DeviceCodeGrant,
    JwtBearerGrant,
    TokenExchangeGrant,
)
