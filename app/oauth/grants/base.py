"""Base classes of grants (RFC 6749 section 1.3), which exchange their parameters for tokens."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, Field

from app.clock import Clock
from app.oauth.issuer import TokenIssuer
from app.oauth.requests import TokenRequest
from app.repositories.accounts.users import UserRepository
from app.repositories.oauth.authorization_codes import AuthorizationCodeRepository
from app.repositories.oauth.device_codes import DeviceCodeRepository
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.schemas.tokens import TokenResponse
from app.services.accounts.authentication import AuthenticationService
from app.services.accounts.sessions import SessionService


class GrantParameters(BaseModel):
    """Parameters that every token request may contain, in addition to those of its grant."""

    client_id: Annotated[str | None, Field(description="For client_secret_post.")] = None
    client_secret: Annotated[str | None, Field(description="For client_secret_post.")] = None
    scope: Annotated[str | None, Field(description="Scope names, separated by spaces.")] = None


@dataclass(frozen=True, slots=True)
class GrantTools:
    """Services and repositories that the grants use; built once."""

    issuer: TokenIssuer
    authentication: AuthenticationService
    refresh_tokens: RefreshTokenRepository
    families: TokenFamilyRepository
    codes: AuthorizationCodeRepository
    device_codes: DeviceCodeRepository
    users: UserRepository
    sessions: SessionService
    clock: Clock


Parameters = TypeVar("Parameters", bound=GrantParameters)


class Grant(ABC, Generic[Parameters]):
    """Base class of a grant; one instance serves all requests."""

    grant_type: ClassVar[str]
    is_for_public_clients: ClassVar[bool] = False
    has_limits_of_its_own: ClassVar[bool] = False
    parameters: ClassVar[type[GrantParameters]]
    example: ClassVar[dict[str, Any]]
    example_name: ClassVar[str]

    def __init__(self, tools: GrantTools) -> None:
        self.tools = tools

    @abstractmethod
    async def exchange(self, request: TokenRequest, parameters: Parameters) -> TokenResponse:
        """Return the issued tokens, or raise an `OAuth2Error`."""
