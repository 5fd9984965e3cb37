"""What a subject or an actor token says, once it has been verified."""

from dataclasses import dataclass
from datetime import datetime

from app.models.oauth.actors import Actor
from app.models.oauth.granted_resources import GrantedResources
from app.models.oauth.resources import Resource
from app.models.oauth.trusted_issuers import TrustedIssuer
from app.oauth.access_token_reader import TokenReference
from app.oauth.trusted_scopes import require_resource_of, scopes_of

NO_REFERENCE = TokenReference(None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedToken:
    """A valid token of a token exchange request.

    It was issued to the client of `client_id`, and is about the user of `user_id` or the client of
    `about_client_id`. A user is known by the id alone: never by a subject, which a client may have
    as its name. `scope` is that of an access token, and `granted` what a sign-in granted at
    resources, of which an ID token is. `row` is that of a trusted issuer.
    """

    client_id: str
    user_id: str | None
    about_client_id: str | None
    audience: str | None
    scope: str
    expires_at: datetime
    actors: tuple[Actor, ...]
    may_act: object | None
    confirmation: str | None
    granted: GrantedResources | None
    row: TrustedIssuer | None
    family_id: str | None
    reference: TokenReference
    exchanges: int

    @property
    def as_actor(self) -> Actor:
        """The party that the token is about."""
        if self.user_id is not None:
            return Actor(client_id=self.client_id, user_id=self.user_id)
        return Actor(client_id=self.about_client_id)

    def scopes_at(self, resource: Resource) -> frozenset[str]:
        """Return the names of the scopes that the token can be exchanged for at a resource.

        Those of an access token are compared by name, wherever it was valid. Raises
        `InvalidTargetError` if the trusted issuer is not for the resource.
        """
        if self.row is not None:
            require_resource_of(self.row, resource)
            return scopes_of(self.row, resource)
        names = frozenset(self.scope.split())
        if self.granted is None:
            return names
        return names | resource.with_implied(self.granted.scopes.get(resource.identifier, ()))
