"""What a client authentication method is (RFC 6749 section 2.3)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from app.clock import Clock
from app.models.clients import Client
from app.oauth.requests import FormRequest
from app.repositories.spent_identifiers import SpentIdentifierRepository
from app.services.client_keys import ClientKeys

UNKNOWN_CLIENT = "no client has this client_id"


class Credentials(NamedTuple):
    """Who a request says it comes from, and what should prove it."""

    client_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class ClientAuthTools:
    """What methods work with; built once."""

    client_keys: ClientKeys
    spent_identifiers: SpentIdentifierRepository
    clock: Clock
    issuer: str


class ClientAuthMethod(ABC):
    """A way in which a client proves who it is; one instance serves all requests."""

    name: ClassVar[str]
    proves_identity: ClassVar[bool] = True
    """Whether it is more than a name; a method that is not counts only where no other is used."""

    def __init__(self, tools: ClientAuthTools) -> None:
        self.tools = tools

    @abstractmethod
    def extract(self, request: FormRequest) -> Credentials | None:
        """What the request presents by this method; None if it does not use it.

        Raises `InvalidClientError` for credentials that cannot be read.
        """

    @abstractmethod
    async def refusal(self, client: Client | None, credentials: Credentials) -> str | None:
        """Return why the credentials are not this client's, for the log; None if they are.

        Without a client it takes as long. The answer never holds what was presented.
        """
