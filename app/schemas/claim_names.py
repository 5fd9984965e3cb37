"""Names of claims that have a meaning of their own, by the specification that registers them."""

from app.schemas.claims import StandardClaims
from app.schemas.tokens import IntrospectionResponse, TokenResponse

PROTOCOL_CLAIMS: dict[str, tuple[str, ...]] = {
    "RFC 7519 section 4.1": ("iss", "sub", "aud", "exp", "nbf", "iat", "jti"),
    "RFC 7519 section 5.1": ("typ",),
    "RFC 7662 section 2.2": (
        "active", "scope", "client_id", "username", "token_type", "exp", "iat", "nbf", "sub", "aud",
        "iss", "jti",
    ),
    "RFC 7800 section 3.1": ("cnf",),
    "RFC 8417 section 2.2": ("events",),
    "RFC 8693 section 4": ("act", "scope", "client_id", "may_act"),
    "RFC 9396 section 9": ("authorization_details",),
    "RFC 6749 section 5.1": (
        "access_token", "token_type", "expires_in", "refresh_token", "scope",
    ),
    "OpenID Connect Core section 2": (
        "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp",
    ),
    "OpenID Connect Core section 3.1.3.3": ("id_token",),
    "OpenID Connect Core section 3.3.2.11": ("at_hash", "c_hash"),
    "OpenID Connect Core section 5.6.2": ("_claim_names", "_claim_sources"),
    "Financial-grade API part 2 section 5.1": ("s_hash",),
    "OpenID Connect Front-Channel Logout section 3": ("sid",),
}  # fmt: skip
"""Claims and response members that say what a token is, who issued it and to whom."""

IDENTITY_CLAIMS = (
    "email",
    "email_verified",
    "phone_number",
    "phone_number_verified",
    "preferred_username",
)
"""Claims by which clients recognise an account or trust an address (Core section 5.1)."""

PROFILE_CLAIMS = (
    *(name for name in StandardClaims.model_fields if name not in IDENTITY_CLAIMS),
    "updated_at",
)
"""The other standard claims of OpenID Connect Core section 5.1."""

GROUPS = "groups"
ROLES = "roles"

RESERVED_CLAIMS = frozenset(
    {
        *IDENTITY_CLAIMS,
        *IntrospectionResponse.model_fields,
        *TokenResponse.model_fields,
    }.union(*PROTOCOL_CLAIMS.values())
)
"""Names that no claim mapping may set: a client would take the value for the server's word."""

VOUCHED_CLAIMS = frozenset({GROUPS, ROLES, *PROFILE_CLAIMS})
"""Names that a mapping may set, but not from an attribute that users edit themselves."""
