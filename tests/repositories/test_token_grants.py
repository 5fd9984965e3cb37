"""What a grant states about its tokens is stored with them and with their family."""

from datetime import timedelta
from typing import Any

from app.models.clients.clients import Client
from app.models.oauth.access_tokens import AccessToken
from app.models.oauth.refresh_tokens import RefreshToken
from app.oauth.proven_keys import ProvenKeys
from app.oauth.token_grants import TokenGrant
from app.oauth.token_pairs import DERIVED, TokenPair, packed, unpacked
from app.schemas.tokens import TokenResponse
from app.security.rotation import SEED_BYTES, derived_pair
from app.security.tokens import digest_of
from tests.repositories.conftest import NOW
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import services_of
from tests.support.resources import new_resource

KEY, OTHER_KEY, DETAILS = '{"jkt":"a"}', '{"jkt":"b"}', '[{"type":"x"}]'
NOTHING_PROVEN = ProvenKeys(None, None)
ALL_DETAILS = '[{"type":"x"},{"type":"y"}]'


def issuer_of(app: Application) -> Any:
    grants: Any = services_of(app).oauth.dispatcher._grants
    return grants["refresh_token"]._token_issuer


async def client_of(app: Application, client: TestClient) -> Client:
    repository = services_of(app).core.client_repository
    stored = await repository.find(client.client_id, now=app.clock.now())
    assert stored is not None
    return stored


async def stored_for(app: Application, response: TokenResponse | None) -> AccessToken:
    assert response is not None
    token = await issuer_of(app)._access_token_repository.find_valid(
        digest_of(response.access_token), now=app.clock.now()
    )
    assert isinstance(token, AccessToken)
    return token


async def refreshable(app: Application, response: TokenResponse | None) -> RefreshToken:
    assert response is not None
    token = await issuer_of(app)._refresh_token_repository.find_in_active_family(
        digest_of(response.refresh_token or "")
    )
    assert isinstance(token, RefreshToken)
    return token


async def grant_for(app: Application, **values: Any) -> TokenGrant:
    return TokenGrant(
        **{
            "scope": "profile read",
            "resource": await new_resource(app, access_token_ttl=120),
            "scope_of_family": "profile",
            "resources": '{"x": "read"}',
            "confirmation": KEY,
            "confirmation_of_family": OTHER_KEY,
            "authorization_details": DETAILS,
            "details_of_family": ALL_DETAILS,
            **values,
        }
    )


async def test_a_token_of_a_client_keeps_its_grant(app: Application, client: TestClient) -> None:
    grant = await grant_for(app)

    response = await issuer_of(app).issue_to_client(
        await client_of(app, client), grant, keys=NOTHING_PROVEN
    )

    token = await stored_for(app, response)
    assert (token.scope, token.audience) == ("profile read", grant.audience)
    assert (token.confirmation, token.authorization_details) == (KEY, DETAILS)
    assert response.expires_in == 120
    assert token.expires_at == app.clock.now() + timedelta(seconds=120)


async def test_the_tokens_of_a_user_and_their_successors_keep_it(
    app: Application, client: TestClient, user: TestUser
) -> None:
    issuer, stored_client = issuer_of(app), await client_of(app, client)
    person = await services_of(app).core.user_repository.find_by_key(user.username)
    grant, other = await grant_for(app), await grant_for(app, scope="profile write")

    first = await issuer.issue_to_user(
        stored_client, grant, user=person, with_refresh_token=True, keys=NOTHING_PROVEN
    )
    refresh = await refreshable(app, first)
    second = await issuer.rotate(
        first.refresh_token,
        digest_of(first.refresh_token),
        refresh,
        stored_client,
        grant=other,
        grace=timedelta(seconds=30),
        keys=NOTHING_PROVEN,
    )

    token, successor = await stored_for(app, first), await stored_for(app, second)
    assert (token.scope, token.audience) == ("profile read", grant.audience)
    assert (successor.scope, successor.audience) == ("profile write", other.audience)
    for each in (token, successor):
        assert (each.confirmation, each.authorization_details) == (KEY, DETAILS)
    for kept in (refresh, await refreshable(app, second)):
        assert (kept.scope, kept.resources) == ("profile", '{"x": "read"}')
        assert (kept.confirmation, kept.authorization_details) == (OTHER_KEY, ALL_DETAILS)


def test_the_response_of_a_rotation_is_repeated_with_its_audience() -> None:
    seed = bytes(range(SEED_BYTES))
    tokens = derived_pair("postern_rt_x", seed)
    plain = TokenPair(*tokens, "profile", NOW, None, None, None)
    bound = TokenPair(*tokens, "profile read", NOW, "https://api.example", KEY, DETAILS)

    jwt = TokenPair(*tokens, "profile read", NOW, "https://api.example", None, None, "a-jti")

    for pair in (plain, bound, jwt):
        assert unpacked(packed(pair, seed), "postern_rt_x") == pair
    assert packed(plain, seed)[0] == DERIVED  # the previous release reads it
