"""Files of desired state. The commands build this, since servers do not need it."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.repositories.operations.desired_state import DesiredStateRepository
from app.services.operations.desired_state.applier import Applier
from app.services.operations.desired_state.exporter import Exporter
from app.services.operations.desired_state.kinds import KINDS
from app.services.operations.desired_state.kinds.clients import ClientChecks
from app.services.operations.desired_state.planner import Planner
from app.services.operations.desired_state.secrets import Secrets
from app.wiring.available import Available
from app.wiring.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    planner: Planner
    applier: Applier
    exporter: Exporter


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checks:
    clients: ClientChecks


def build_desired_state(services: Services, environment: Mapping[str, str]) -> DesiredState:
    """Build what plans, applies and exports; `environment` has the secrets of references."""
    available = Available(
        services.accounts,
        services.clients,
        services.federation,
        services.oauth,
        _Checks(clients=services.clients.administered),
    )
    kinds = [available.build(kind) for kind in KINDS]
    return DesiredState(
        planner=Planner(kinds, Secrets(environment)),
        applier=Applier(kinds, DesiredStateRepository(services.core.database)),
        exporter=Exporter(kinds),
    )
