"""Fetching of documents: one response of JSON, without redirects, in bounded size and time."""

from dataclasses import replace
from datetime import datetime

from app.clock import Clock
from app.details import Detail
from app.models.clients.client_documents import ClientDocument
from app.oauth.client_documents.budgets import FetchBudgets
from app.oauth.client_documents.errors import DocumentBusyError, DocumentError
from app.oauth.client_documents.freshness import fresh_until
from app.oauth.client_documents.members import read_members
from app.oauth.client_metadata import ClientRules
from app.outbound.errors import BusyError, FetchError, TooLargeError
from app.outbound.http import Fetched, OutboundHttp
from app.security.document_urls import host_in, stored_client_id

NOT_MODIFIED = 304
MAXIMUM_VALIDATOR = 200
RETRY_AFTER = 5


class DocumentFetcher:
    """Fetcher of documents of at most `max_bytes`."""

    def __init__(
        self,
        *,
        outbound: OutboundHttp,
        rules: ClientRules,
        budgets: FetchBudgets,
        clock: Clock,
        max_bytes: int,
    ) -> None:
        self._outbound = outbound
        self._rules = rules
        self._budgets = budgets
        self._clock = clock
        self._max_bytes = max_bytes

    async def fetch(self, url: str, before: ClientDocument | None) -> ClientDocument:
        """Fetch a document; `before` is what is known of it.

        Raises `DocumentError`, or `DocumentBusyError` if a limit is reached.
        """
        is_known, host = before is not None, host_in(url)
        with self._budgets.connection(host, is_known=is_known):
            await self._budgets.spend(url, host, is_known=is_known)
            response = await self._get(url, before)
        now = self._clock.now()
        if response.status == NOT_MODIFIED and before is not None:
            fresh = fresh_until(response.headers, now=now)
            return replace(before, fetched_at=now, fresh_until=fresh)
        _check(response)
        return _document(
            url,
            host,
            read_members(response.body, url=url, rules=self._rules),
            response,
            now=now,
            before=before,
        )

    async def _get(self, url: str, before: ClientDocument | None) -> Fetched:
        try:
            return await self._outbound.get(url, limit=self._max_bytes, headers=_conditions(before))
        except BusyError as error:
            raise DocumentBusyError(
                retry_after=RETRY_AFTER, reason=str(error), network=None
            ) from None
        except TooLargeError:
            raise DocumentError(
                Detail.DOCUMENT_TOO_LARGE,
                reason=f"the document is larger than {self._max_bytes} bytes",
            ) from None
        except FetchError as error:
            raise DocumentError(
                Detail.DOCUMENT_NOT_REACHED, reason=f"the document cannot be fetched: {error}"
            ) from None


def _conditions(before: ClientDocument | None) -> list[tuple[bytes, bytes]]:
    if before is None:
        return []
    validators = ((b"If-None-Match", before.etag), (b"If-Modified-Since", before.last_modified))
    return [(name, value.encode("ascii")) for name, value in validators if value]


def _check(response: Fetched) -> None:
    """Require status 200 and a JSON type; a redirect is an error like any other status."""
    if response.status != 200:
        is_redirect = 300 <= response.status < 400
        raise DocumentError(
            Detail.DOCUMENT_REDIRECTS if is_redirect else Detail.DOCUMENT_NOT_FOUND,
            reason=f"the response to the request for the document has status {response.status}",
        )
    kind, _, subtype = response.content_type.partition("/")
    if kind != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise DocumentError(
            Detail.DOCUMENT_NOT_JSON,
            reason=f"the document has the content type {response.content_type or '(none)'}",
        )


def _document(
    url: str,
    host: str,
    members: str,
    response: Fetched,
    *,
    now: datetime,
    before: ClientDocument | None,
) -> ClientDocument:
    return ClientDocument(
        client_id=stored_client_id(url),
        url=url,
        host=host,
        members=members,
        additions=before.additions if before is not None else 0,
        missing=before.missing if before is not None else None,
        etag=_validator(response, "etag"),
        last_modified=_validator(response, "last-modified"),
        fetched_at=now,
        fresh_until=fresh_until(response.headers, now=now),
        created_at=before.created_at if before is not None else now,
        used_at=before.used_at if before is not None else now,
    )


def _validator(response: Fetched, name: str) -> str | None:
    value = response.headers.get(name, "")
    is_plain = value.isascii() and value.isprintable() and len(value) <= MAXIMUM_VALIDATOR
    return value if value and is_plain else None
