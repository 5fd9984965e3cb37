"""Presets of clients. The commands build this, since servers do not need it."""

from app.repositories.operations.desired_state import DesiredStateRepository
from app.services.clients.presets.creation import PresetService
from app.wiring.services import Services


def build_presets(services: Services) -> PresetService:
    return PresetService(
        desired_state_repository=DesiredStateRepository(services.core.database),
        checks=services.clients.administered,
        administration=services.clients.administration,
        policies=services.clients.policies,
        roles=services.accounts.roles,
        attributes=services.accounts.attributes,
    )
