"""`postern clients policy`: who may use a client and how, and what its tokens contain."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, get_args

from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.client_rows import ClientId, policies_of
from app.cli.output import show_one
from app.cli.parameters import AsJson, flag, one_of, option, whole_number
from app.cli.subjects import group_named
from app.errors import InvalidInputError
from app.schemas.client_policies import (
    AccessPolicy,
    ClientPolicies,
    ConsentPolicy,
    SecondFactorPolicy,
    SecurityProfile,
)
from app.services.operations.authority import FULL

if TYPE_CHECKING:
    from app.wiring import Services

POLICIES = tuple(ClientPolicies.model_fields)
SECONDS = {**whole_number(), "metavar": "SECONDS"}
KINDS = get_args(AccessPolicy.model_fields["kind"].annotation)
GENERAL = "general"
"""States that a client has no policy of its own."""
TARGETS = ("id_token", "userinfo")
"""Where a claim of `--map` appears; `--mapping` states anything else."""
Texts = list[str] | None


def set_policy(
    client_id: ClientId,
    *,
    access: Annotated[
        str | None,
        option(
            "--access",
            **one_of(KINDS),
            help="The users that may use the client; groups needs --group.",
        ),
    ] = None,
    group: Annotated[
        Texts, option("--group", metavar="NAME", help="A group that has access. Can be repeated.")
    ] = None,
    add_claim: Annotated[
        Texts,
        option(
            "--map",
            metavar="CLAIM=SOURCE",
            help="Add a claim to the ID token and UserInfo, from groups, roles or attribute:NAME.",
        ),
    ] = None,
    mapping: Annotated[
        Texts,
        option("--mapping", metavar="JSON", help="Add a claim with all members of a mapping."),
    ] = None,
    unmap: Annotated[
        Texts, option("--unmap", metavar="CLAIM", help="Remove the mappings of a claim.")
    ] = None,
    second_factor: Annotated[
        str | None,
        option(
            "--second-factor",
            **one_of(get_args(SecondFactorPolicy)),
            help="The second factor that a sign-in to the client requires.",
        ),
    ] = None,
    access_token_ttl: Annotated[
        int | None, option("--access-token-ttl", **SECONDS, help="At most the general lifetime.")
    ] = None,
    refresh_token_ttl: Annotated[
        int | None, option("--refresh-token-ttl", **SECONDS, help="At most the general lifetime.")
    ] = None,
    require_pkce: Annotated[bool, flag("--require-pkce", help="Require PKCE.")] = False,
    require_dpop_nonce: Annotated[
        bool, flag("--require-dpop-nonce", help="Require a nonce in DPoP proofs.")
    ] = False,
    profile: Annotated[
        str | None,
        option(
            "--profile",
            **one_of(get_args(SecurityProfile)),
            help="Hold the client to a security profile. Its metadata must fit.",
        ),
    ] = None,
    consent: Annotated[
        str | None,
        option(
            "--consent",
            **one_of(get_args(ConsentPolicy)),
            help="Ask users once, in each request, or never.",
        ),
    ] = None,
    id_token_claim: Annotated[
        Texts,
        option(
            "--id-token-claim",
            metavar="CLAIM",
            help="A standard claim that is also in the ID token. Can be repeated.",
        ),
    ] = None,
    allowed_scope: Annotated[
        Texts,
        option(
            "--allowed-scope",
            metavar="SCOPE",
            help="A scope that the client may get, of those it registered. Can be repeated.",
        ),
    ] = None,
    allowed_resource: Annotated[
        Texts,
        option(
            "--allowed-resource",
            metavar="NAME",
            help="A resource that the client may request, if that allows it. Can be repeated.",
        ),
    ] = None,
    login_method: Annotated[
        Texts,
        option(
            "--login-method",
            metavar="METHOD",
            help="password, passkey or provider:NAME. Can be repeated.",
        ),
    ] = None,
    exchange_target: Annotated[
        Texts,
        option(
            "--exchange-target",
            metavar="RESOURCE",
            help="Add a resource that the client may exchange tokens for. Can be repeated.",
        ),
    ] = None,
    exchange_without_actor: Annotated[
        Texts,
        option(
            "--exchange-without-actor",
            metavar="RESOURCE",
            help="Add a target for which it needs no actor token. Can be repeated.",
        ),
    ] = None,
    exchanger_of: Annotated[
        Texts,
        option(
            "--exchanger-of",
            metavar="CLIENT_ID",
            help="Add a client whose tokens without an audience it may exchange. Can be repeated.",
        ),
    ] = None,
    may_act: Annotated[
        str | None,
        option(
            "--may-act",
            metavar="CLIENT_ID",
            help="The only client that may act by tokens of the client.",
        ),
    ] = None,
    identity_assertion: Annotated[
        Texts,
        option(
            "--identity-assertion",
            metavar="JSON",
            help="Add or replace an authorization server that it may take users' identities to.",
        ),
    ] = None,
    reset: Annotated[
        Texts,
        option(
            "--reset",
            **one_of(POLICIES),
            metavar="POLICY",
            help="Return a policy to the general rule. Can be repeated.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show or change the policies of a client, which hold from the next request on."""
    if group and access not in (None, "groups"):
        raise InvalidInputError("--group requires --access groups.")
    if access == "groups" and not group:
        raise InvalidInputError("--access groups requires --group.")
    mapped = [_object(each, option="--mapping") for each in mapping or ()]
    added = [*map(_short_mapping, add_claim or ()), *mapped]
    stated = {
        "access_token_ttl": access_token_ttl,
        "refresh_token_ttl": refresh_token_ttl,
        "require_pkce": require_pkce or None,
        "require_dpop_nonce": require_dpop_nonce or None,
        "profile": profile,
        "second_factor": second_factor,
        "consent": consent,
        "id_token_claims": id_token_claim,
        "allowed_scopes": allowed_scope,
        "allowed_resources": allowed_resource,
        "login_methods": login_method,
    }
    changes = {name: value for name, value in stated.items() if value is not None}
    exchange = {
        "targets": [*(exchange_target or ()), *(exchange_without_actor or ())],
        "targets_without_actor": exchange_without_actor or [],
        "exchanger_of": exchanger_of or [],
    }
    is_exchange = bool(may_act or any(exchange.values()))
    servers = [_object(each, option="--identity-assertion") for each in identity_assertion or ()]
    is_change = bool(
        access or group or added or unmap or changes or reset or is_exchange or servers
    )

    async def store(services: "Services") -> dict[str, Any]:
        client = await services.clients.clients.get(client_id)
        if is_change:
            values = {**policies_of(client), **changes}
            for name in reset or ():
                values.pop(name, None)
            mappings = values.pop("claim_mappings", [])
            _require_mapped(mappings, unmap or ())
            values["claim_mappings"] = [
                *(each for each in mappings if each["name"] not in (unmap or ())),
                *added,
            ]
            if access is not None or group:
                groups = [await group_named(services, name) for name in group or ()]
                values["access"] = {
                    "kind": access or "groups",
                    "groups": [each.group_id for each in groups],
                }
            if is_exchange:
                stored = values.get("token_exchange", {})
                values["token_exchange"] = _with_exchange(stored, exchange, may_act=may_act)
            if servers:
                replaced = {each.get("audience") for each in servers}
                before = values.get("identity_assertions", [])
                kept = [each for each in before if each["audience"] not in replaced]
                values["identity_assertions"] = [*kept, *servers]
            if second_factor is not None:
                values["second_factor"] = second_factor if second_factor != GENERAL else None
            client = await services.clients.policies.set(
                client_id,
                parse_body(ClientPolicies, values),
                version=client.version,
                authority=FULL,
            )
        return {"client_id": client.client_id, "policies": policies_of(client)}

    show_one(with_services(store), as_json=as_json)


def _with_exchange(
    stored: Mapping[str, Any], added: Mapping[str, Sequence[str]], *, may_act: str | None
) -> dict[str, Any]:
    """Return a policy of token exchange with further names, each of which is listed once."""
    lists = {
        name: list(dict.fromkeys([*stored.get(name, ()), *names])) for name, names in added.items()
    }
    return {**lists, "may_act": may_act or stored.get("may_act")}


def _short_mapping(text: str) -> dict[str, Any]:
    name, _, source = text.partition("=")
    if not name or not source:
        raise InvalidInputError("--map must be CLAIM=SOURCE.")
    return {"name": name, "source": source, "targets": list(TARGETS)}


def _object(text: str, *, option: str) -> dict[str, Any]:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise InvalidInputError(f"{option} must be a JSON object.")
    return members


def _require_mapped(mappings: list[dict[str, Any]], names: Any) -> None:
    for name in names:
        if name not in {each["name"] for each in mappings}:
            raise InvalidInputError("--unmap: the client has no mapping of that claim.")
