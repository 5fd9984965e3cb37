"""`postern policies show`: what holds in general, and for whom something else holds."""

import json

from tests.cli.conftest import Postern
from tests.support.administration import new_group, set_policies
from tests.support.application import Application, TestClient


async def test_general_policies_come_first_then_groups_and_clients_with_their_own(
    app: Application, client: TestClient, postern: Postern
) -> None:
    strict, other_client = await new_group(app, second_factor="required"), await app.create_client()
    plain = await new_group(app)
    await set_policies(app, client, require_pkce=True)

    result = await postern("policies", "show", "--json", DATABASE_URL=app.settings.database_url)

    rows = json.loads(result.output)
    own = {(row["kind"], row["name"]): row["policies"] for row in rows}
    assert (rows[0]["kind"], rows[0]["policies"]["second_factor"]) == ("general", "required")
    assert own["group", strict.name] == {"second_factor": "required"}
    assert own["client", client.client_id] == {"require_pkce": True}
    assert ("group", plain.name) not in own
    assert ("client", other_client.client_id) not in own
