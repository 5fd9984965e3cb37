"""`postern mcp protect`: register an MCP server as a resource, and print the code for it."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from app.cli.attribute_values import pairs_of
from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.parameters import AsJson, argument, one_of, option
from app.errors import InvalidInputError
from app.security.resource_identifiers import key_of
from app.services.clients.kinds import metadata_of_kind
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.models.oauth.resources import Resource
    from app.schemas.resources import ResourceBody
    from app.wiring import Services

FORMATS = ("jwt", "opaque")
FRAMEWORKS = {
    "fastmcp": "FastMCP (pip install fastmcp)",
    "mcp": 'the official SDK (pip install mcp "pyjwt[crypto]")',
    "fastapi": 'FastAPI (pip install fastapi uvicorn "pyjwt[crypto]")',
}
"""The frameworks for which there is code, and what the code needs."""
OPAQUE_FRAMEWORKS = {
    **FRAMEWORKS,
    "mcp": "the official SDK (pip install mcp httpx2)",
    "fastapi": "FastAPI (pip install fastapi uvicorn httpx)",
}


@dataclass(frozen=True)
class Protected:
    """A registered MCP server, and the client with which it introspects tokens."""

    resource: "Resource"
    issuer: str
    client_id: str | None = None
    client_secret: str | None = None
    is_new: bool = True


def protect(
    url: Annotated[str, argument(metavar="URL", help="The URL that MCP clients call.")],
    *,
    name: Annotated[
        str, option("--name", metavar="NAME", help="Short name of the resource: a-z, 0-9 and -.")
    ],
    title: Annotated[str | None, option("--title", help="What the consent page calls it.")] = None,
    scope: Annotated[
        list[str] | None,
        option(
            "--scope",
            metavar="SCOPE=SENTENCE",
            help="A scope, and its sentence for the consent page. The first one is granted by"
            " default. Can be repeated.",
        ),
    ] = None,
    token_format: Annotated[
        str | None,
        option(
            "--format",
            **one_of(FORMATS),
            help="jwt (default) can be verified without asking this server; opaque can be revoked"
            " at once.",
        ),
    ] = None,
    code: Annotated[
        str | None,
        option("--code", **one_of(tuple(FRAMEWORKS)), help="Print only the code for this."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Register an MCP server as a resource for agents, and print the code that protects it.

    The code goes to standard output, what was registered to standard error. A resource that is
    already registered is not changed: its code is printed again.
    """
    scopes = [
        {"name": each, "description": sentence, "is_default": index == 0}
        for index, (each, sentence) in enumerate(pairs_of(scope, option="--scope").items())
    ]
    members = {
        "name": name,
        "identifier": url,
        "title": title or name,
        "scopes": scopes,
        "token_format": token_format or "jwt",
        "signing_alg": "ES256",
        "is_open_to_all_clients": True,
        "shows_metadata": True,
        "agents": True,
    }
    from app.cli.mcp_code import code_for, require_harmless

    require_harmless({"URL": url})  # before anything is registered for it
    protected = with_services(lambda services: _register(services, members))
    texts = {
        each: code_for(
            each,
            token_format=protected.resource.token_format,
            values=_values_of(protected),
        )
        for each in (FRAMEWORKS if code is None else (code,))
    }
    if as_json:
        print(json.dumps(_row(protected, texts), indent=2))
        return
    _say_what_is_registered(protected)
    if code is not None:
        print(texts[code], end="")
        return
    needed = FRAMEWORKS if protected.resource.token_format == "jwt" else OPAQUE_FRAMEWORKS
    for each, text in texts.items():
        print(f"# ---- {each}: {needed[each]} ----\n{text}")


async def _register(services: "Services", members: Mapping[str, Any]) -> Protected:
    issuer = services.core.settings.issuer_url
    existing = await _existing(services, members)
    if existing is not None:
        return Protected(existing, issuer, min(existing.servers, default=None), is_new=False)
    stated = dict(members)
    _body(stated)  # before a client is created for it
    client_id = client_secret = None
    if stated["token_format"] == "opaque":
        client_id, client_secret = await _new_server_client(services, stated["title"])
        stated["servers"] = [client_id]
    resource = await services.oauth.resources.create(_body(stated), authority=FULL)
    return Protected(resource, issuer, client_id, client_secret)


def _body(members: Mapping[str, Any]) -> "ResourceBody":
    from app.schemas.resources import ResourceBody

    try:
        return parse_body(ResourceBody, members)
    except InvalidInputError as error:
        if error.field != "identifier":
            raise
        raise InvalidInputError(error.detail_for("The URL")) from None


async def _existing(services: "Services", members: Mapping[str, Any]) -> "Resource | None":
    """Return the resource with this name if it is the same server, as its code expects it.

    Raises `InvalidInputError` for another one.
    """
    for each in await services.oauth.resources.list_all():
        is_named, is_there = each.name == members["name"], each.identifier == members["identifier"]
        key = key_of(members["identifier"])
        if not (is_named or key == key_of(each.identifier) or key in each.aliases):
            continue
        if not (is_named and is_there):
            raise InvalidInputError(
                f"The resource {each.name} has the URL {each.identifier}: use both, or choose"
                " another name and another URL."
            )
        if each.token_format != members["token_format"]:
            raise InvalidInputError(
                f"The resource {each.name} is registered with the format {each.token_format}."
                f" Use --format {each.token_format}, or change it: postern resources set"
                f" {each.name} --token-format {members['token_format']}"
            )
        if each.token_format == "jwt" and each.signing_alg != members["signing_alg"]:
            raise InvalidInputError(
                f"The tokens for the resource {each.name} are signed with {each.signing_alg}, which"
                f" the code does not accept. Change it: postern resources set {each.name}"
                f" --signing-alg {members['signing_alg']}"
            )
        return each
    return None


async def _new_server_client(services: "Services", title: str) -> tuple[str, str | None]:
    """Create the confidential client with which the MCP server introspects its tokens."""
    from app.schemas.clients import ClientCreate

    metadata = {**metadata_of_kind("service"), "client_name": f"{title} (MCP server)"}
    new = await services.clients.administered.create(
        parse_body(ClientCreate, metadata), client_id=None, secret=None, authority=FULL
    )
    return new.client.client_id, new.secret


def _values_of(protected: Protected) -> dict[str, str]:
    resource = protected.resource
    parts = urlsplit(resource.identifier)
    path = parts.path.rstrip("/") or "/"
    return {
        "issuer": protected.issuer,
        "url": resource.identifier,
        "host": parts.netloc,
        "base_url": f"{parts.scheme}://{parts.netloc}",
        "path": path,
        "metadata_path": f"/.well-known/oauth-protected-resource{'' if path == '/' else path}",
        "name": resource.name,
        "scopes": json.dumps([scope.name for scope in resource.scopes]),
        "required_scopes": json.dumps(
            [scope.name for scope in resource.scopes if scope.is_default]
        ),
        "client_id": protected.client_id or "CLIENT_ID",
    }


def _row(protected: Protected, texts: Mapping[str, str]) -> dict[str, Any]:
    from app.cli.resource_rows import details_of_resource

    row: dict[str, Any] = {
        "resource": details_of_resource(protected.resource),
        "is_new": protected.is_new,
        "code": texts,
    }
    if protected.client_id is not None:
        row["client_id"] = protected.client_id
    if protected.client_secret is not None:
        row["client_secret"] = protected.client_secret
    return row


def _say_what_is_registered(protected: Protected) -> None:
    resource = protected.resource
    lines = [f"{'Registered' if protected.is_new else 'Already registered'}: {resource.name}"]
    if protected.client_secret is not None:
        lines += [
            "Set these for the MCP server; the secret is shown only once:",
            f"POSTERN_CLIENT_ID={protected.client_id}",
            f"POSTERN_CLIENT_SECRET={protected.client_secret}",
        ]
    if not resource.is_for_agents:
        lines.append(
            "Clients with a metadata document can't request it. To let them: postern resources set"
            f" {resource.name} --agents"
        )
    lines.append(f"When it runs: postern mcp check {resource.identifier}")
    print("\n".join(lines), file=sys.stderr)
