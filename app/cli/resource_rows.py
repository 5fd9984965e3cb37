"""Rows that describe resources, and what their servers tell clients (RFC 9728)."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from app.cli.output import show, show_one
from app.cli.rows import Row

if TYPE_CHECKING:
    from app.models.oauth.authorization_types import AuthorizationType
    from app.models.oauth.resources import Resource
    from app.services.operations.links import Links


def row_of_resource(resource: "Resource") -> Row:
    return {
        "name": resource.name,
        "identifier": resource.identifier,
        "title": resource.title,
        "token_format": resource.token_format,
        "scopes": [scope.name for scope in resource.scopes],
        "is_open_to_all_clients": resource.is_open_to_all_clients,
        "shows_metadata": resource.shows_metadata,
        "owner": resource.owner,
        "created_at": resource.created_at.isoformat(timespec="seconds"),
    }


def details_of_resource(resource: "Resource") -> Row:
    """Return all members with the names of the admin API."""
    from app.services.oauth.stated_resources import stated_resource

    row = row_of_resource(resource)
    return {**stated_resource(resource), "owner": row["owner"], "created_at": row["created_at"]}


def show_resource(resource: "Resource", *, as_json: bool) -> None:
    """Print a resource; its scopes are a table of their own, except in JSON."""
    row = details_of_resource(resource)
    if as_json:
        show_one(row, as_json=True)
        return
    _show_with_scopes(row)


def show_with_metadata(
    resource: "Resource", types: "Iterable[AuthorizationType]", links: "Links", *, as_json: bool
) -> None:
    """Print a resource with its metadata document and the challenge of its server."""
    from app.oauth.protected_resources import challenge, resource_metadata, well_known_url

    row = details_of_resource(resource)
    metadata = resource_metadata(resource, issuer=links.issuer, types=types)
    document = metadata.model_dump(exclude_none=True)
    url = well_known_url(resource.identifier)
    header = challenge(url) if url is not None else None
    ours = links.resource_metadata(resource.name) if resource.shows_metadata else None
    if as_json:
        of_metadata = {
            "metadata": document,
            "metadata_url": url,
            "www_authenticate": header,
            "public_metadata_url": ours,
        }
        show_one({**row, **of_metadata}, as_json=True)
        return
    _show_with_scopes(row)
    print(f"\nMetadata (RFC 9728):\n{json.dumps(document, indent=2)}\n")
    print("\n".join(_advice(resource.name, url, header, ours)))


def _show_with_scopes(row: Row) -> None:
    scopes = row["scopes"]
    show_one({**row, "scopes": [scope["name"] for scope in scopes]}, as_json=False)
    if scopes:
        print()
        show(scopes, as_json=False)


def _advice(name: str, url: str | None, header: str | None, ours: str | None) -> Iterator[str]:
    if url is None:
        yield "The identifier is not a web address, so clients can't look up the metadata."
        return
    yield from _lines("Let the server of the resource serve this document at its own address:", url)
    yield from _lines("and answer requests without a valid token by 401 with this header:", header)
    if ours is None:
        yield f"To publish a copy here: postern resources set {name} --show-metadata"
        return
    yield from _lines("A copy is published here:", ours)
    yield "Point resource_metadata at the copy only if clients call exactly the identifier, as they"
    yield "do with an MCP endpoint: they refuse metadata of another URL (RFC 9728 section 3.3)."


def _lines(sentence: str, value: str | None) -> Sequence[str]:
    return sentence, f"  {value}"
