"""Errors of requests from clients with a document: pages that say what to do, never redirects."""

from app.details import Detail
from app.errors import UnavailableError
from app.i18n.messages import N_
from app.oauth.authorization.requests import UntrustedRequestError
from app.oauth.errors import OAuth2Error


class DocumentError(UntrustedRequestError):
    """The document of a client cannot be used. `reason` says which check failed, for the log."""

    error = "invalid_client_metadata"
    title = N_("We can't verify this app")


class UnwantedDocumentError(DocumentError):
    """This server does not accept documents for this request."""

    error = "invalid_target"
    title = N_("This app can't be used here")


class RefusedClientError(UntrustedRequestError):
    """A request that is refused, while nobody has allowed the client to get users sent to it."""

    title = N_("This app can't be used here")

    def __init__(self, refused: OAuth2Error) -> None:
        super().__init__(
            Detail.DOCUMENT_REQUEST_REFUSED,
            error=str(refused.error),
            reason=refused.reason or str(refused.description or "") or None,
        )


class DocumentBusyError(UnavailableError):
    """A document is not fetched now, because a limit is reached.

    `network` is the one whose limit it is, or None if it is that of all callers.
    """

    title = N_("Try again in a minute")

    def __init__(self, *, retry_after: int, reason: str, network: str | None) -> None:
        super().__init__(Detail.DOCUMENT_BUSY, retry_after=max(1, retry_after))
        self.reason = reason
        self.network = network
