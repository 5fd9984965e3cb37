"""Base class of the client authentication methods (RFC 6749 section 2.3)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from app.clock import Clock
from app.models.clients.clients import Client
from app.oauth.requests import FormRequest
from app.repositories.operations.replay_cache import ReplayCacheRepository
from app.services.clients.client_keys import ClientKeys

UNKNOWN_CLIENT = "the client_id is unknown"


class Credentials(NamedTuple):
    """The client that a request claims to come from, and the secret or assertion presented."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class ClientAuthTools:
    """Services and settings that the methods use; built once."""

    client_keys: ClientKeys
    replay_cache: ReplayCacheRepository
    clock: Clock
    issuer: str


class ClientAuthMethod(ABC):
    """Base class of a client authentication method; one instance serves all requests."""

    name: ClassVar[str]
    proves_identity: ClassVar[bool] = True
    """Whether the method authenticates the client instead of only naming it.

    A method that only names the client is used if the request uses no other one.
    """

    def __init__(self, tools: ClientAuthTools) -> None:
        self.tools = tools

    @abstractmethod
    def extract(self, request: FormRequest) -> Credentials | None:
        """Return the credentials that the request presents by this method, or None.

        Raises `InvalidClientError` for credentials that cannot be parsed.
        """

    @abstractmethod
    async def refusal(self, client: Client | None, credentials: Credentials) -> str | None:
        """Return why the credentials are not this client's, for the log, or None if they are.

        An unknown client must take as long as a known one. The reason never contains the presented
        credentials.
        """
