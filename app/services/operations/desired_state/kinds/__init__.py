"""The kinds of objects that files of desired state can state."""

from app.services.operations.desired_state.kinds.attributes import AttributeKind
from app.services.operations.desired_state.kinds.authorization_types import (
    AuthorizationTypeKind,
)
from app.services.operations.desired_state.kinds.base import AnyKind
from app.services.operations.desired_state.kinds.clients import ClientKind
from app.services.operations.desired_state.kinds.groups import GroupKind
from app.services.operations.desired_state.kinds.identity_providers import IdentityProviderKind
from app.services.operations.desired_state.kinds.resources import ResourceKind
from app.services.operations.desired_state.kinds.roles import RoleKind
from app.services.operations.desired_state.kinds.scopes import ScopeKind
from app.services.operations.desired_state.kinds.trusted_issuers import TrustedIssuerKind

KINDS: tuple[type[AnyKind], ...] = (
    AttributeKind,
    ScopeKind,
    ClientKind,
    ResourceKind,
    AuthorizationTypeKind,
    TrustedIssuerKind,
    RoleKind,
    GroupKind,
    IdentityProviderKind,
)
"""In the order in which they are created: each may need objects of those before it."""
