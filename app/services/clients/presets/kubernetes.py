"""Kubernetes: kubectl with kubelogin. The API server takes the email address as the username."""

from app.schemas.client_policies import ClientPolicies
from app.services.clients.presets.preset import Preset, PresetClient, mapped

KUBERNETES = Preset(
    name="kubernetes",
    clients=(
        PresetClient(
            kind="native",
            redirect_uris=("http://localhost:8000", "http://localhost:18000"),
            scope="openid email offline_access groups",
            requires_pkce=True,
            policies=ClientPolicies(
                claim_mappings=(mapped("groups"),),
                id_token_claims=("email", "email_verified"),
                require_verified_email=True,
            ),
        ),
    ),
    roles={},
    attributes=(),
)
