"""A policy that nothing enforces is refused, so that no operator relies on it."""

from typing import Any

import pytest

from app.errors import InvalidInputError
from app.schemas.client_policies import UNENFORCED_POLICIES, ClientPolicies
from app.schemas.groups import GroupBody
from app.services.operations.authority import FULL
from tests.support.administration import new_group, set_policies
from tests.support.application import Application, TestClient
from tests.support.parts import services_of

VALUES: dict[str, Any] = {"second_factor": "required"}
ENFORCED = {
    "access",
    "claim_mappings",
    "require_verified_email",
    "id_token_claims",
    "access_token_ttl",
    "refresh_token_ttl",
    "require_pkce",
    "consent",
    "allowed_scopes",
    "login_methods",
}


def test_every_policy_is_enforced_or_refused() -> None:
    assert set(ClientPolicies.model_fields) == ENFORCED | set(UNENFORCED_POLICIES)
    assert set(UNENFORCED_POLICIES) == set(VALUES)


@pytest.mark.parametrize("name", VALUES)
async def test_a_client_policy_that_is_not_enforced_is_refused(
    app: Application, client: TestClient, name: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await set_policies(app, client, **{name: VALUES[name]})

    assert (refused.value.field, refused.value.error_code) == (name, "policy_not_enforced")
    assert name in refused.value.detail
    stored = await services_of(app).clients.clients.get(client.client_id)
    assert stored.policies is None


async def test_a_second_factor_policy_of_a_group_is_refused(app: Application) -> None:
    groups, group = services_of(app).accounts.groups, await new_group(app)

    for change in (
        groups.create(GroupBody(name=app.new_name(), second_factor="required"), authority=FULL),
        groups.change(
            group.group_id, GroupBody(name=group.name, second_factor="required"), authority=FULL
        ),
    ):
        with pytest.raises(InvalidInputError) as refused:
            await change
        assert refused.value.field == "second_factor"

    assert await groups.get(group.group_id) == group
