"""Resources in files of desired state."""

from app.schemas.desired_state.clients import AccessState
from app.schemas.resource_policies import ResourcePolicies
from app.schemas.resources import ResourceBody


class ResourcePoliciesState(ResourcePolicies):
    """The policies of a resource, with groups by their names."""

    personal_tokens: AccessState = AccessState()


class ResourceState(ResourceBody):
    """A resource with its scopes and clients."""

    policies: ResourcePoliciesState = ResourcePoliciesState()
