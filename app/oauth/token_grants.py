"""What a token response grants, as the grants tell it to the token issuer."""

from dataclasses import dataclass, field
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
    is_for_jwt: bool = field(init=False)
    audience: str | None = field(init=False)

    def __post_init__(self) -> None:
        """Set whether the access token is a JWT (RFC 9068), and its audience.

        These are attributes because most grants are cached.
        """
        resource = self.resource
        is_for_jwt = resource is not None and resource.token_format == JWT
        object.__setattr__(self, "is_for_jwt", is_for_jwt)
        object.__setattr__(self, "audience", resource.identifier if resource else None)

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
