"""What a newer version of a document changes for users who signed in with an older one."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from app.models.clients.client_documents import ClientDocument
from app.oauth.redirect_uris import without_loopback_port

MISSING_FOR = timedelta(hours=1)
"""A grant ends if two valid fetches so far apart do not contain its redirect URI."""


def successor(
    before: ClientDocument, fetched: ClientDocument, *, now: datetime
) -> tuple[ClientDocument, frozenset[str]]:
    """Return the document to store, and the redirect URIs whose grants end.

    An added redirect URI is counted, so that users are asked for consent again; one that is left
    out is noted first, since a host may serve an incomplete document by mistake.
    """
    old, new = comparable_uris(before), comparable_uris(fetched)
    missing = {uri: since for uri, since in before.missing_since.items() if uri not in new}
    missing |= {uri: now for uri in old - new if uri not in missing}
    ended = frozenset(uri for uri, since in missing.items() if now - since >= MISSING_FOR)
    left = {uri: since.isoformat() for uri, since in missing.items() if uri not in ended}
    is_wider = bool(new - old)
    document = replace(
        fetched,
        additions=before.additions + is_wider,
        missing=json.dumps(left) if left else None,
    )
    return document, ended


def comparable_uris(document: ClientDocument) -> set[str]:
    """Return the redirect URIs as they are compared: without a loopback port."""
    return {without_loopback_port(uri) for uri in document.redirect_uris}
