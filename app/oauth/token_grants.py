"""What a token response grants, as the grants tell it to the token issuer."""

from dataclasses import dataclass
from functools import lru_cache

from app.models.oauth.resources import Resource
from app.oauth.lifetimes import JWT


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGrant:
    """What the tokens of one response are for.

    `scope` and `resource` are those of the access token, which has at most one audience. The family
    of the tokens keeps everything that was granted: `scope_of_family` beside resources (the same as
    `scope` if it is None), and `resources` at them (`GrantedResources` as JSON). `confirmation` is
    the key that the access token is bound to (RFC 7800, as JSON), and `confirmation_of_family` that
    of its refresh tokens. `authorization_details` are those of the access token (RFC 9396, as
    JSON), and `details_of_family` all that were granted.
    """

    scope: str
    resource: Resource | None
    scope_of_family: str | None = None
    resources: str | None = None
    confirmation: str | None = None
    confirmation_of_family: str | None = None
    authorization_details: str | None = None
    details_of_family: str | None = None

    @property
    def is_for_jwt(self) -> bool:
        """Whether the access token is a JWT (RFC 9068)."""
        return self.resource is not None and self.resource.token_format == JWT

    @property
    def audience(self) -> str | None:
        return self.resource.identifier if self.resource is not None else None

    @property
    def kept_scope(self) -> str:
        """The scope of the family, whose names are scopes of this server."""
        return self.scope if self.scope_of_family is None else self.scope_of_family


@lru_cache(maxsize=1024)
def grant_without_resource(scope: str) -> TokenGrant:
    """Return the grant of a scope of this server, which most token requests get.

    It is cached, since it depends on the scope alone.
    """
    return TokenGrant(scope=scope, resource=None)
