"""Grafana (generic OAuth)."""

from app.schemas.client_policies import ClientPolicies
from app.services.clients.presets.preset import Preset, PresetClient, mapped

GRAFANA = Preset(
    name="grafana",
    clients=(
        PresetClient(
            kind="web",
            paths=("/login/generic_oauth",),
            scope="openid profile email offline_access groups roles",
            requires_pkce=True,
            policies=ClientPolicies(
                claim_mappings=(mapped("roles"), mapped("groups")),
                id_token_claims=("email", "email_verified", "name", "preferred_username"),
            ),
        ),
    ),
    roles={
        "GrafanaAdmin": "Administers the Grafana server.",
        "Admin": "Administers the Grafana organization.",
        "Editor": "Edits dashboards.",
        "Viewer": "Views dashboards.",
        "None": "Can sign in and sees nothing.",
    },
    attributes=(),
)
