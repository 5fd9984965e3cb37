"""Argo CD: its pages, and its command `argocd`."""

from app.schemas.client_policies import ClientPolicies
from app.services.clients.presets.preset import Preset, PresetClient, mapped

CLI_SUFFIX = "-cli"
SCOPE = "openid profile email groups"
POLICIES = ClientPolicies(
    claim_mappings=(mapped("groups"),),
    id_token_claims=("email", "email_verified", "name", "preferred_username"),
)

ARGOCD = Preset(
    name="argocd",
    clients=(
        PresetClient(
            kind="web",
            paths=("/auth/callback",),
            scope=SCOPE,
            requires_pkce=False,  # versions of Argo CD send none from their server
            policies=POLICIES,
        ),
        PresetClient(
            kind="native",
            redirect_uris=("http://localhost:8085/auth/callback",),
            scope=f"{SCOPE} offline_access",
            requires_pkce=True,
            policies=POLICIES,
            id_suffix=CLI_SUFFIX,
            name_suffix=" CLI",
        ),
    ),
    roles={},
    attributes=(),
)
