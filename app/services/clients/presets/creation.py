"""Create the clients of a preset, with their roles, claim mappings and policies."""

from collections.abc import Sequence
from typing import Protocol

from app.details import Detail
from app.errors import InvalidInputError
from app.repositories.operations.desired_state import DesiredStateRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.attributes import AttributeDefinitionBody
from app.schemas.clients import ClientCreate
from app.schemas.groups import RoleBody
from app.schemas.presets import PresetBody
from app.security.tokens import new_client_id
from app.services.accounts.attributes import AttributeService
from app.services.accounts.roles import RoleService
from app.services.clients.administration import CheckedMetadata, ClientAdministration
from app.services.clients.clients import NewClient
from app.services.clients.policies import ClientPolicyService
from app.services.clients.presets import PRESETS
from app.services.clients.presets.preset import Preset
from app.services.operations.authority import Authority


class ClientChecks(Protocol):
    """The rules of the standards for the metadata of clients."""

    async def check(self, body: ClientCreate) -> CheckedMetadata: ...


class PresetService:
    def __init__(
        self,
        *,
        desired_state_repository: DesiredStateRepository,
        checks: ClientChecks,
        administration: ClientAdministration,
        policies: ClientPolicyService,
        roles: RoleService,
        attributes: AttributeService,
    ) -> None:
        self._desired_state_repository = desired_state_repository
        self._checks = checks
        self._administration = administration
        self._policies = policies
        self._roles = roles
        self._attributes = attributes

    async def create(self, body: PresetBody, *, authority: Authority) -> Sequence[NewClient]:
        """Create everything that a preset consists of, or nothing, and return its clients."""
        authority.require(AdminScope.CLIENTS_WRITE)
        preset = next(each for each in PRESETS if each.name == body.preset)
        if preset.needs_url and body.url is None:
            raise InvalidInputError(Detail.PRESET_NEEDS_URL, field="url")
        checked = [
            await self._checks.check(
                ClientCreate.model_validate(client.metadata(body.client_name, body.url))
            )
            for client in preset.clients
        ]
        client_id = body.client_id if body.client_id is not None else new_client_id()
        return await self._desired_state_repository.run(
            lambda: self._create(preset, checked, client_id=client_id, authority=authority)
        )

    async def _create(
        self,
        preset: Preset,
        checked: Sequence[CheckedMetadata],
        *,
        client_id: str,
        authority: Authority,
    ) -> Sequence[NewClient]:
        for attribute in preset.attributes:
            await self._define(attribute, authority)
        created = []
        for client, metadata in zip(preset.clients, checked, strict=True):
            new = await self._administration.create(
                metadata,
                client_id=f"{client_id}{client.id_suffix}",
                secret=None,
                authority=authority,
            )
            with_policies = await self._policies.set(
                new.client.client_id, client.policies, authority=authority
            )
            created.append(new._replace(client=with_policies))
        for name, description in preset.roles.items():
            role = RoleBody(name=name, client_id=client_id, description=description)
            await self._roles.create(role, authority=authority)
        return created

    async def _define(self, attribute: AttributeDefinitionBody, authority: Authority) -> None:
        """Define an attribute, unless it is defined.

        Raise `InvalidInputError` for one that users edit: the application relies on it.
        """
        definition = (await self._attributes.by_name()).get(attribute.name)
        if definition is None:
            await self._attributes.define(attribute, authority=authority)
        elif definition.is_editable_by_users:
            raise InvalidInputError(Detail.CLAIM_NOT_FROM_USERS, field="claim_mappings")
