"""The members of clients as files of desired state write them."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.models.clients.clients import Client
from app.schemas.client_policies import ClientPolicies
from app.services.clients.stated_clients import stated_members
from app.services.operations.desired_state.kinds.base import Stored, stated
from app.services.operations.desired_state.kinds.group_names import keys_of

ALWAYS_EXPORTED = ("grant_types", "scope")
"""Members whose default in a file is not what an empty value means."""
DEFAULT_RESOURCE = "default_resource"


def stored_client(client: Client, names: Mapping[str, str]) -> Stored[Client]:
    """Return a client as a file would state it; `names` are those of the groups by their ids."""
    policies = _with_names(client.policies_in_force, names)
    metadata = metadata_in(stated_members(client))
    decided = decided_members(
        client.trust, client.admin_scopes.split(), policies, client.default_resource
    )
    exported = {
        "client_id": client.client_id,
        **metadata,
        **decided,
        **({"policies": policies} if policies else {}),
        **({"disabled": True} if client.is_disabled else {}),
    }
    return Stored(
        key=client.client_id,
        name=client.client_id,
        row_id=client.client_id,
        owner=client.owner,
        version=client.version,
        members={**metadata, **decided, "disabled": client.is_disabled},
        exported=exported,
        row=client,
    )


def metadata_in(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata that differs from its defaults, and what is always exported."""
    return stated(members) | {name: members[name] for name in ALWAYS_EXPORTED}


def decided_members(
    trust: str,
    admin_scopes: Sequence[str] | frozenset[str],
    policies: Mapping[str, Any],
    default_resource: str | None,
) -> dict[str, Any]:
    """Return the members that only administrators decide, without defaults."""
    if groups := policies.get("access", {}).get("groups"):
        access = {**policies["access"], "groups": keys_of(groups)}
        policies = {**policies, "access": access}
    return stated(
        {
            "trust": trust if trust != "none" else None,
            "admin_scopes": sorted(map(str, admin_scopes)),
            "policies": dict(policies),
            DEFAULT_RESOURCE: default_resource,
        }
    )


def _with_names(policies: ClientPolicies | None, names: Mapping[str, str]) -> dict[str, Any]:
    """Return policies with the names of groups. A client whose groups have all been deleted is for
    nobody."""
    if policies is None:
        return {}
    members = policies.model_dump(mode="json", exclude_defaults=True)
    if policies.access.groups:
        known = [names[each] for each in policies.access.groups if each in names]
        access = {"kind": "groups", "groups": sorted(known)} if known else {"kind": "nobody"}
        members["access"] = access
    return members
