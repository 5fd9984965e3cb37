"""`postern clients create`: a client of one of a few kinds, or those of an application."""

from typing import TYPE_CHECKING, Annotated, Any, get_args

from app.cli.base import read_secret, with_services
from app.cli.bodies import json_object_in, parse_body
from app.cli.client_presets import create_preset
from app.cli.client_rows import row_of_new_client
from app.cli.output import show, show_one
from app.cli.parameters import AsJson, SecretFromStdin, argument, one_of, option
from app.details import Detail
from app.errors import InvalidInputError
from app.schemas.client_policies import ClientPolicies, SecurityProfile
from app.schemas.presets import PresetName
from app.schemas.registration import members_in
from app.services.clients.fapi import require_fit
from app.services.clients.kinds import KindName, metadata_of_kind
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.services.clients.clients import NewClient
    from app.wiring import Services

UNREADABLE_JWKS = "--jwks-file: must be a readable file with a JWK Set."


def create(
    name: Annotated[str, argument(help="The name that users see.")],
    *,
    kind: Annotated[
        Any,
        option(
            "--kind",
            **one_of(get_args(KindName)),
            help="web and service have a secret; spa, native and device have none.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        option(
            "--preset",
            **one_of(get_args(PresetName)),
            help="Create everything that an application needs, instead of --kind.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        option("--url", metavar="URL", help="Where users open the application of a preset."),
    ] = None,
    redirect_uri: Annotated[
        list[str] | None,
        option("--redirect-uri", metavar="URL", help="Where users return to. Can be repeated."),
    ] = None,
    scope: Annotated[
        str | None, option("--scope", help="Names of scopes, instead of those of the kind.")
    ] = None,
    client_id: Annotated[
        str | None, option("--client-id", metavar="ID", help="Choose the ID.")
    ] = None,
    default_resource: Annotated[
        str | None,
        option(
            "--default-resource",
            metavar="NAME",
            help="The resource for requests that name none, if it is open to all clients.",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        option(
            "--profile",
            **one_of(get_args(SecurityProfile)),
            help="Hold it to a security profile. Needs --jwks-uri or --jwks-file.",
        ),
    ] = None,
    jwks_uri: Annotated[
        str | None,
        option("--jwks-uri", metavar="URL", help="Where its public keys are, instead of a secret."),
    ] = None,
    jwks_file: Annotated[
        str | None,
        option(
            "--jwks-file", metavar="FILE", help="A JWK Set of its public keys, instead of a secret."
        ),
    ] = None,
    from_stdin: SecretFromStdin = False,
    as_json: AsJson = False,
) -> None:
    """Create a client and print its secret, which is shown only once."""
    if (kind is None) is (preset is None):
        raise InvalidInputError("Use either --kind or --preset.")
    if preset is not None:
        if default_resource is not None:
            raise InvalidInputError("--default-resource requires --kind.")
        if profile is not None or jwks_uri is not None or jwks_file is not None:
            raise InvalidInputError("--profile, --jwks-uri and --jwks-file require --kind.")
        if redirect_uri or scope is not None or from_stdin:
            raise InvalidInputError(
                "--preset sets the redirect URIs, the scope and the secret itself."
            )
        show(create_preset(name, preset=preset, url=url, client_id=client_id), as_json=as_json)
        return
    if url is not None:
        raise InvalidInputError("--url requires --preset.")
    secret = read_secret("Client secret: ", from_stdin=True) if from_stdin else None
    members = {**metadata_of_kind(kind), "client_name": name}
    if redirect_uri:
        members["redirect_uris"] = redirect_uri
    if scope is not None:
        members["scope"] = scope
    members |= _keys(members, jwks_uri, jwks_file)
    policies = ClientPolicies.model_validate({"profile": profile})

    async def add(services: "Services") -> "NewClient":
        from app.schemas.clients import ClientCreate

        body = parse_body(ClientCreate, members)
        require_fit(policies, members_in(body), field="profile")
        if default_resource is not None:
            await _require_open(services, default_resource)
        new = await services.clients.administered.create(
            body, client_id=client_id, secret=secret, authority=FULL
        )
        if default_resource is not None:
            await services.oauth.default_resources.set(
                new.client.client_id, default_resource, authority=FULL
            )
        if profile is not None:
            await services.clients.policies.set(new.client.client_id, policies, authority=FULL)
        return new

    show_one(row_of_new_client(with_services(add)), as_json=as_json)


def _keys(members: dict[str, Any], uri: str | None, file: str | None) -> dict[str, Any]:
    """Return the members of a client that signs instead of having a secret."""
    if uri is None and file is None:
        return {}
    if uri is not None and file is not None:
        raise InvalidInputError("Use either --jwks-uri or --jwks-file.")
    if "token_endpoint_auth_method" in members:
        raise InvalidInputError("--jwks-uri and --jwks-file require --kind web or service.")
    keys = (
        {"jwks_uri": uri}
        if file is None
        else {"jwks": json_object_in(file, otherwise=UNREADABLE_JWKS)}
    )
    return {**keys, "token_endpoint_auth_method": "private_key_jwt"}


async def _require_open(services: "Services", name: str) -> None:
    """Refuse a resource that does not list the client, before the client is created."""
    resource = await services.oauth.resources.get(name)
    if not resource.is_open_to_all_clients:
        raise InvalidInputError(Detail.RESOURCE_NOT_ALLOWED, field="default_resource")
