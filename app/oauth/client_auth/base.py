"""Base class of the client authentication methods (RFC 6749 section 2.3)."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from app.models.clients.clients import Client
from app.oauth.declarations import require_declared
from app.oauth.requests import FormRequest
from app.security.client_certificates import ClientCertificate

UNKNOWN_CLIENT = "the client_id is unknown"
FLAGS = ("proves_identity", "is_chosen_by_registration", "uses_secret", "uses_keys")
PUBLIC = "none"
"""The method of public clients, which are known by this name (RFC 7591 section 2)."""


class Credentials(NamedTuple):
    """The client that a request claims to come from, and the secret or assertion presented.

    `undecoded_secret` is the secret without form-decoding, where that makes a difference: many
    clients send it as it is. `certificate` is what the client presented by TLS.
    """

    client_id: str
    secret: str
    undecoded_secret: str | None = None
    certificate: ClientCertificate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSources:
    """How certificates of clients reach this server.

    A proxy forwards any certificate in a header. At our own port, only certificates of the
    `has_authorities` are accepted (`by_port`).
    """

    by_header: bool
    by_port: bool
    has_authorities: bool

    @property
    def exist(self) -> bool:
        return self.by_header or self.by_port


class ClientAuthMethod(ABC):
    """Base class of a client authentication method; one instance serves all requests.

    The parameters of its constructor are what it needs, by their annotations. The flags have no
    defaults: the definition of a method that does not state all of them fails.
    """

    name: ClassVar[str]
    proves_identity: ClassVar[bool]
    """Whether the method authenticates the client instead of only naming it.

    A method that only names the client is used if the request uses no other one.
    """
    is_chosen_by_registration: ClassVar[bool]
    """Whether the request does not show that it uses this method.

    A request that only names its client uses the one of these methods that the client registered. A
    certificate alone shows none: tokens are also bound to certificates of clients that authenticate
    in another way (RFC 8705 section 4).
    """
    uses_secret: ClassVar[bool]
    """Whether a client of this method is issued a secret."""
    uses_keys: ClassVar[bool]
    """Whether a client of this method must register its public keys."""
    form_parameters: ClassVar[frozenset[str]]
    """The parameters that the method reads from a form."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if require_declared(cls, FLAGS) and not cls.proves_identity and cls.name != PUBLIC:
            raise TypeError(
                f"{cls.__name__}: only the method {PUBLIC!r} may leave a client unauthenticated"
            )

    @classmethod
    def is_offered(cls, sources: CertificateSources) -> bool:
        """Return whether this server can authenticate clients by the method."""
        return True

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
