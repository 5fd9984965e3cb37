"""Types of authorization details in the console."""

import pytest

from tests.support.application import Application, TestClient
from tests.support.authorization_types import SENTENCE, new_type
from tests.support.console import administrator_in, told
from tests.support.resources import new_resource
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
PATH = "/admin/authorization-types"


@pytest.mark.parametrize("role", ["administrator", "auditor"])
async def test_a_type_is_listed_and_shown_with_its_schema(
    app: Application, visitor: Visitor, client: TestClient, role: str
) -> None:
    resource = await new_resource(app)
    kind = await new_type(
        app,
        is_open_to_all_clients=False,
        clients=[client.client_id],
        resources=[resource.name],
    )
    await administrator_in(visitor, role)

    listed, shown = await visitor.get(PATH), await visitor.get(f"{PATH}/{kind.name}")

    assert f"{kind.name} {SENTENCE} Only the clients listed here {resource.name}" in told(listed)
    for text in (SENTENCE, client.client_id, resource.name, "instructedAmount Yes", '"EUR"'):
        assert text in told(shown)
    assert "copies No" in told(shown)


async def test_an_unknown_type_is_not_found(visitor: Visitor) -> None:
    await administrator_in(visitor)

    assert (await visitor.get(f"{PATH}/unknown")).status_code == 404
