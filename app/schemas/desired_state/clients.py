"""Clients in files of desired state."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from app.schemas.admin_scopes import AdminScope
from app.schemas.client_policies import MAXIMUM_GROUPS, AccessPolicy, ClientPolicies
from app.schemas.clients import URI_OR_TEXT, ClientCreate
from app.schemas.desired_state.references import SecretReference
from app.schemas.groups import GroupName
from app.schemas.resources import ShortName
from app.schemas.text import Name


class AccessState(AccessPolicy):
    """The users that may use a client."""

    groups: Annotated[tuple[GroupName, ...], Field(max_length=MAXIMUM_GROUPS)] = Field(
        default=(), description="The names of the groups, if `kind` is `groups`."
    )


class PoliciesState(ClientPolicies):
    """The policies of a client, with groups by their names."""

    access: AccessState = AccessState()


class ClientState(ClientCreate):
    """A client: its metadata (RFC 7591 section 2), and what only administrators decide.

    `disabled` remains as it is if a file does not state it.
    """

    model_config = ConfigDict(extra="allow")  # for members with a language tag

    client_id: Annotated[str, StringConstraints(max_length=255)]
    client_name: Name | Literal[""] = ""
    client_secret: SecretReference | None = None
    trust: Literal["none", "verified", "first_party"] = "none"
    admin_scopes: frozenset[AdminScope] = frozenset()
    policies: PoliciesState = PoliciesState()
    default_resource: ShortName | None = None
    disabled: bool | None = None


def is_client_member(name: str) -> bool:
    """Return whether a file can state a member of a client; some have a language tag."""
    if name == "redirect_uri":  # short for `redirect_uris`, which the diff shows
        return False
    return name in ClientState.model_fields or name.partition("#")[0] in URI_OR_TEXT
