"""Token type identifiers (RFC 8693 section 3)."""

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"
REFRESH_TOKEN = "urn:ietf:params:oauth:token-type:refresh_token"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
"""Identity Assertion JWT Authorization Grant (draft-ietf-oauth-identity-assertion-authz-grant)."""
