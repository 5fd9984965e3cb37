"""Clients in files of desired state, with their secrets, trust, admin scopes and policies."""

import re
from collections.abc import Sequence, Set
from datetime import timedelta
from typing import Any, Protocol, get_args

from app.errors import InvalidInputError, NotFoundError
from app.models.clients.clients import Client, clients
from app.schemas.client_policies import ClientPolicies
from app.schemas.clients import ClientCreate
from app.schemas.desired_state.clients import ClientState, is_client_member
from app.schemas.desired_state.references import SecretReference
from app.schemas.registration import members_in
from app.services.accounts.groups import GroupService
from app.services.clients.administration import (
    CheckedMetadata,
    ClientAdministration,
    require_good_id,
    require_secret,
)
from app.services.clients.clients import ClientService
from app.services.clients.fapi import require_fit
from app.services.clients.kinds import KindName, metadata_of_kind
from app.services.clients.policies import ClientPolicyService
from app.services.clients.secrets import ClientSecretService
from app.services.oauth.default_resources import DefaultResourceService
from app.services.operations.authority import Authority
from app.services.operations.desired_state.kinds.base import (
    Kind,
    Members,
    ObjectKey,
    Step,
    Stored,
)
from app.services.operations.desired_state.kinds.client_members import (
    DEFAULT_RESOURCE,
    decided_members,
    metadata_in,
    stored_client,
)
from app.services.operations.desired_state.kinds.group_names import (
    every_group,
    group_ids,
)
from app.services.operations.desired_state.paging import every

KIND = "kind"
NO_OVERLAP = timedelta(0)
DECIDED_BY_ADMINISTRATORS = frozenset(
    {"trust", "admin_scopes", "policies", "disabled", DEFAULT_RESOURCE}
)
ClientStep = Step[ClientState, Client]


class ClientChecks(Protocol):
    """The rules of the standards for the metadata of clients."""

    async def check(self, body: ClientCreate) -> CheckedMetadata: ...

    def stored(self, body: ClientCreate) -> ClientCreate: ...


class ClientKind(Kind[ClientState, Client]):
    section, noun, table = "clients", "client", clients
    remaining = frozenset({"disabled"})
    shorthands = (KIND,)
    model = ClientState

    def __init__(
        self,
        *,
        clients: ClientService,
        administration: ClientAdministration,
        policies: ClientPolicyService,
        secrets: ClientSecretService,
        groups: GroupService,
        checks: ClientChecks,
        default_resources: DefaultResourceService,
    ) -> None:
        self._clients = clients
        self._administration = administration
        self._policies = policies
        self._secrets = secrets
        self._groups = groups
        self._checks = checks
        self._default_resources = default_resources

    async def stored(self) -> Sequence[Stored[Client]]:
        names = {each.group_id: each.name for each in await every_group(self._groups)}
        return [
            stored_client(client, names)
            for client in await every(self._page)
            if client.registration_expires_at is None  # registered itself, and was never used
        ]

    def key_of(self, state: ClientState) -> str:
        return state.client_id

    def name_of(self, state: ClientState) -> str:
        return state.client_id

    def members_of(self, state: ClientState) -> Members:
        policies = state.policies.model_dump(mode="json", exclude_defaults=True)
        disabled = {} if state.disabled is None else {"disabled": state.disabled}
        return {
            **metadata_in(members_in(self._checks.stored(state))),
            **decided_members(state.trust, state.admin_scopes, policies, state.default_resource),
            **disabled,
        }

    def accepts(self, name: str) -> bool:
        return is_client_member(name)

    def completed(self, members: dict[str, Any]) -> dict[str, Any]:
        """Return the members with the defaults of the kind of client, if one is stated."""
        if KIND not in members:
            return members
        stated_members = {name: value for name, value in members.items() if name != KIND}
        kind = members[KIND]
        if kind not in get_args(KindName):
            raise InvalidInputError(f"must be one of {', '.join(get_args(KindName))}.", field=KIND)
        return {**metadata_of_kind(kind), **stated_members}

    def secret_of(self, state: ClientState) -> SecretReference | None:
        return state.client_secret

    def has_secret(self, row: Client) -> bool:
        return row.secret_digest is not None

    def is_secret_of(self, row: Client, secret: str) -> bool:
        return self._clients.is_secret_of(row, secret)

    def variable_of(self, stored: Stored[Client]) -> str:
        return f"CLIENT_SECRET_{re.sub(r'[^A-Z0-9]', '_', stored.key.upper())}"

    async def check(self, step: ClientStep) -> CheckedMetadata:
        before = step.before.row if step.before is not None else None
        require_fit(step.state.policies, members_in(step.state), field="policies.profile")
        if before is None:
            require_good_id(step.state.client_id)
        if before is not None and step.changed <= DECIDED_BY_ADMINISTRATORS:
            has_secret = before.secret_digest is not None
            checked = CheckedMetadata(
                self._checks.stored(step.state), has_secret, before.sector_identifier
            )
        else:
            checked = await self._checks.check(step.state)
        if step.secret is not None:
            require_secret(step.secret, has_secret=checked.has_secret)
        elif checked.has_secret and (before is None or before.secret_digest is None):
            raise InvalidInputError(
                "is required: write {env: NAME} or {file: PATH}.", field="client_secret"
            )
        return checked

    async def create(self, step: ClientStep) -> None:
        await self._administration.create(
            step.prepared,
            client_id=step.state.client_id,
            secret=step.secret,
            owner=step.owner,
            authority=step.authority,
        )
        await self._decide(step)

    async def change(self, step: ClientStep, before: Stored[Client]) -> None:
        client_id = before.row_id
        if not step.changed <= {*DECIDED_BY_ADMINISTRATORS, "client_secret"}:
            await self._administration.change(
                await self._clients.get(client_id),
                step.prepared,
                secret=step.secret,
                owner=step.owner,
                authority=step.authority,
            )
        client = await self._clients.get(client_id)
        if step.secret is not None and not self.is_secret_of(client, step.secret):
            await self._secrets.replace(
                client_id, overlap=NO_OVERLAP, secret=step.secret, authority=step.authority
            )
        await self._decide(step)

    async def link(self, step: ClientStep) -> None:
        """Store the policies, which refer to groups and attributes, and the default resource."""
        if DEFAULT_RESOURCE in step.changed:
            await self._set_default_resource(step)
        if "policies" in step.changed:
            await self._set_policies(step)

    async def _set_default_resource(self, step: ClientStep) -> None:
        name = step.state.default_resource
        try:
            await self._default_resources.set(step.state.client_id, name, authority=step.authority)
        except NotFoundError:
            raise InvalidInputError(
                f"there is no resource {name}. Add it to resources.", field=DEFAULT_RESOURCE
            ) from None

    async def _set_policies(self, step: ClientStep) -> None:
        members = step.state.policies.model_dump(mode="json", exclude_defaults=True)
        if names := step.state.policies.access.groups:
            ids = await group_ids(self._groups, names, field="policies.access.groups")
            members["access"]["groups"] = ids
        policies = ClientPolicies.model_validate(members)
        try:
            await self._policies.set(step.state.client_id, policies, authority=step.authority)
        except InvalidInputError as error:
            error.field = f"policies.{error.field}"  # a member of the policies, not of the client
            raise

    async def unlink(
        self,
        before: Stored[Client],
        *,
        changed: frozenset[str] | None,
        deleted: Set[ObjectKey],
        authority: Authority,
    ) -> None:
        is_given_up = changed is None or DEFAULT_RESOURCE in changed
        if is_given_up and ("resources", before.row.default_resource) in deleted:
            await self._default_resources.set(before.row_id, None, authority=authority)

    async def delete(self, before: Stored[Client], authority: Authority) -> None:
        await self._administration.delete(before.row_id, authority=authority)

    async def _decide(self, step: ClientStep) -> None:
        """Store what only administrators decide, and what needs no other object."""
        client_id, state = step.state.client_id, step.state
        if "trust" in step.changed:
            await self._administration.set_trust(client_id, state.trust, authority=step.authority)
        if "admin_scopes" in step.changed:
            await self._administration.set_admin_scopes(
                client_id, state.admin_scopes, authority=step.authority
            )
        if "disabled" in step.changed and state.disabled is not None:
            await self._administration.set_disabled(
                client_id, disabled=state.disabled, authority=step.authority
            )

    async def _page(self, last: Client | None) -> Sequence[Client]:
        return await self._clients.list_page(after=last.client_id if last is not None else "")
