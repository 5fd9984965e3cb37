"""WebFinger (RFC 7033), by which clients find the issuer of an email address.

OpenID Connect Discovery 1.0 section 2.
"""

import re
from collections.abc import Collection, Sequence

from app.details import Detail
from app.errors import BadRequestError, NotFoundError
from app.schemas.webfinger import ResourceDescriptor, ResourceLink

ISSUER_RELATION = "http://openid.net/specs/connect/1.0/issuer"
MAXIMUM_RESOURCE_LENGTH = 512
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_ACCOUNT = re.compile(r"acct:[^@/?#]+@([^@/?#]+)", re.IGNORECASE)
"""RFC 7565 section 7; an `@` in the local part is percent-encoded."""


class WebFinger:
    """Names the issuer for every address of `domains`, whether the user exists or not."""

    def __init__(self, issuer: str, domains: Collection[str]) -> None:
        self._issuer = issuer
        self._domains = frozenset(domains)

    def describe(
        self, resources: Sequence[str], *, relations: Collection[str]
    ) -> ResourceDescriptor:
        """Return the links of the resource, of these relations only if there are any.

        Raise `BadRequestError` unless there is one resource, which is a URI, and `NotFoundError` if
        it is not an address of `domains`.
        """
        if len(resources) != 1 or not _is_uri(resources[0]):
            raise BadRequestError(Detail.RESOURCE_MALFORMED, field="resource")
        resource = resources[0]
        account = _ACCOUNT.fullmatch(resource)
        if account is None or account[1].lower() not in self._domains:
            raise NotFoundError(Detail.RESOURCE_UNKNOWN)
        links = [ResourceLink(rel=ISSUER_RELATION, href=self._issuer)]
        return ResourceDescriptor(
            subject=resource,
            links=[link for link in links if not relations or link.rel in relations],
        )


def _is_uri(resource: str) -> bool:
    return len(resource) <= MAXIMUM_RESOURCE_LENGTH and _URI.fullmatch(resource) is not None
