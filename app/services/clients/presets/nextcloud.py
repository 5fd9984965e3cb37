"""Nextcloud with its app `user_oidc`."""

from app.schemas.attributes import AttributeDefinitionBody
from app.schemas.client_policies import ClientPolicies
from app.services.clients.presets.preset import Preset, PresetClient, mapped

QUOTA = "quota"

NEXTCLOUD = Preset(
    name="nextcloud",
    clients=(
        PresetClient(
            kind="web",
            paths=("/apps/user_oidc/code",),
            scope="openid profile email groups",
            requires_pkce=False,  # `user_oidc` can be set not to use it
            policies=ClientPolicies(
                claim_mappings=(mapped("groups"), mapped(QUOTA, f"attribute:{QUOTA}")),
                id_token_claims=("email", "email_verified", "name", "preferred_username"),
            ),
        ),
    ),
    roles={},
    attributes=(
        AttributeDefinitionBody(
            name=QUOTA,
            type="string",
            applies_to="both",
            editable_by="administrator",
            description="Storage in Nextcloud, such as 5 GB.",
        ),
    ),
)
