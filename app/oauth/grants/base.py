"""Base classes of grants (RFC 6749 section 1.3), which exchange their parameters for tokens."""

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, Field

from app.models.clients.clients import Client
from app.oauth.declarations import require_declared
from app.oauth.requests import ProvenClient, TokenRequest
from app.schemas.tokens import TokenResponse


class GrantParameters(BaseModel):
    """Parameters that every token request may contain, in addition to those of its grant."""

    client_id: Annotated[str | None, Field(description="For client_secret_post.")] = None
    client_secret: Annotated[str | None, Field(description="For client_secret_post.")] = None
    scope: Annotated[str | None, Field(description="Scope names, separated by spaces.")] = None
    resource: Annotated[
        str | None,
        Field(description="The resource that the access token is for (RFC 8707); at most one."),
    ] = None
    authorization_details: Annotated[
        str | None,
        Field(description="JSON array of details (RFC 9396), at most those that were granted."),
    ] = None


FLAGS = (
    "requires_user",
    "is_for_public_clients",
    "allows_open_registration",
    "has_limits_of_its_own",
    "can_prove_client",
)
Parameters = TypeVar("Parameters", bound=GrantParameters)


class Grant(ABC, Generic[Parameters]):
    """Base class of a grant; one instance serves all requests.

    The parameters of its constructor are what it needs, by their annotations. The flags have no
    defaults: the definition of a grant that does not state all of them fails.
    """

    grant_type: ClassVar[str]
    requires_user: ClassVar[bool]
    """Whether a user takes part, who is then the subject of the tokens."""
    is_for_public_clients: ClassVar[bool]
    """Whether clients that do not authenticate can register and use it."""
    allows_open_registration: ClassVar[bool]
    """Whether clients can register it at `/register` without an initial access token."""
    has_limits_of_its_own: ClassVar[bool]
    """Whether it counts its failures itself; otherwise each `InvalidGrantError` is counted."""
    can_prove_client: ClassVar[bool]
    """Whether its parameters can prove which client asks, instead of client authentication. Such a
    grant implements `prove_client`."""
    parameters: ClassVar[type[GrantParameters]]
    example: ClassVar[dict[str, Any]]
    example_name: ClassVar[str]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not require_declared(cls, FLAGS):
            return
        if not cls.requires_user:
            _check_without_user(cls)
        if cls.can_prove_client != (cls.prove_client is not Grant.prove_client):
            raise TypeError(f"{cls.__name__}: can_prove_client and prove_client do not agree")

    def is_open_to(self, client: Client) -> bool:
        """Return whether a client may use the grant, usually because it registered it."""
        return client.check_grant_type(self.grant_type)

    async def prove_client(self, parameters: Parameters, *, client_id: str | None) -> ProvenClient:
        """Return the client that the parameters prove, or raise an `OAuth2Error`.

        It is called for a request without client authentication. `client_id` is the client that
        the request names, if it does; any other one must be refused.
        """
        raise NotImplementedError

    @abstractmethod
    async def exchange(self, request: TokenRequest, parameters: Parameters) -> TokenResponse:
        """Return the issued tokens, or raise an `OAuth2Error`."""


def _check_without_user(grant: type[Grant[Any]]) -> None:
    """Refuse a grant that would issue tokens to anyone: no user and no known client."""
    if grant.is_for_public_clients or grant.allows_open_registration:
        raise TypeError(
            f"{grant.__name__}: without a user, is_for_public_clients and"
            " allows_open_registration must be False"
        )
