"""Only clients with mappings, policies or the scopes `groups` and `roles` cost a look-up more."""

import pytest

from tests.support.administration import new_group, set_policies
from tests.support.application import Application, TestClient, TestUser, running_application
from tests.support.databases import Databases
from tests.support.people import userinfo
from tests.support.round_trips import RoundTrips, counting_proxy
from tests.support.visitor import Visitor, answer_in, redeem, visiting

pytestmark = pytest.mark.slow
DATABASES = ("postgresql",)
LOOK_UP = "own_attributes"
"""A column that only the look-up of entitlements selects."""


def look_ups(trips: RoundTrips) -> int:
    count = sum(LOOK_UP in query for query, _ in trips.look_ups)
    trips.forget()
    return count


async def look_ups_of(
    app: Application, client: TestClient, user: TestUser, trips: RoundTrips, visitor: Visitor
) -> dict[str, int]:
    """Count the look-ups of each request of a sign-in at a client."""
    scope = "openid offline_access"
    await visitor.tokens_for(client, user, scope=scope)  # with pages and consent
    counts: dict[str, int] = {}
    trips.forget()
    code = await visitor.code_for(client, user, scope=scope)
    counts["authorization"] = look_ups(trips)
    tokens = (await redeem(app, client, code)).json()
    counts["code"] = look_ups(trips)
    await userinfo(app, tokens["access_token"])
    counts["userinfo"] = look_ups(trips)
    await app.introspect(client, tokens["access_token"])
    counts["introspection"] = look_ups(trips)
    assert (await app.refresh(client, tokens["refresh_token"])).status_code == 200
    counts["refresh"] = look_ups(trips)
    assert (await app.password_grant(client, user)).status_code == 200
    counts["password"] = look_ups(trips)
    return counts


async def test_a_client_without_policies_makes_no_look_up_and_others_make_one(
    databases: Databases,
) -> None:
    url = await databases.migrated("postgresql")
    async with counting_proxy(url) as (trips, through), running_application(through) as app:
        user = await app.enrolled_user()
        plain, static, restricted = [await app.create_client() for _ in range(3)]
        group = await new_group(app, user)
        everywhere = ["id_token", "userinfo", "introspection"]
        await set_policies(
            app,
            static,
            claim_mappings=[
                {"name": "tier", "source": "static", "value": 1, "targets": everywhere}
            ],
        )
        await set_policies(
            app,
            restricted,
            access={"kind": "groups", "groups": [group.group_id]},
            claim_mappings=[{"name": "teams", "source": "groups", "targets": everywhere}],
        )
        async with visiting(app) as visitor:
            of_plain = await look_ups_of(app, plain, user, trips, visitor)
            of_static = await look_ups_of(app, static, user, trips, visitor)
            of_restricted = await look_ups_of(app, restricted, user, trips, visitor)

    assert set(of_plain.values()) == {0}
    assert set(of_static.values()) == {0}
    assert set(of_restricted.values()) == {1}


async def test_a_session_without_a_second_factor_makes_one_look_up(databases: Databases) -> None:
    """Its user may have become an administrator; the access policy uses the same look-up."""
    url = await databases.migrated("postgresql")
    async with (
        counting_proxy(url) as (trips, through),
        running_application(through, second_factor="required", remember_browser_days=30) as app,
    ):
        user = await app.enrolled_user()
        plain, restricted = [await app.create_client() for _ in range(2)]
        group = await new_group(app, user, second_factor="optional")
        await set_policies(app, restricted, access={"kind": "groups", "groups": [group.group_id]})
        async with visiting(app) as visitor:
            app.clock.advance(seconds=60)
            page = await visitor.give_password(await visitor.get("/login"), user)
            await visitor.follow(
                await visitor.submit(page, code=app.code(user), remember_browser="1")
            )
            await visitor.submit(await visitor.get("/logout"))
            await visitor.give_password(await visitor.get("/login"), user)
            counts = []
            for client in (plain, restricted):
                await visitor.allow(await visitor.authorize(client))
                trips.forget()
                assert "code" in answer_in(await visitor.authorize(client))
                counts.append(look_ups(trips))

    assert counts == [1, 1]
