"""The keys that sign: published before they do and long enough after (Core section 10.1.1)."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from app.services.oauth.signing_keys import KNOWN_AFTER
from app.services.operations.authority import FULL
from app.wiring import Services, build_services
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.jwt import header_of, verified
from tests.support.visitor import Visitor, visiting

pytestmark = pytest.mark.both_databases

ALGORITHMS = {"RS256", "ES256", "EdDSA"}
OTHER_SECRET = "another-key-of-the-tests-7Hq2Lw9Zx4Bn8Mv"
DAY = 86_400


@pytest_asyncio.fixture
async def own_app(start_app: AppFactory) -> Application:
    """On a database that no other test rotates the keys of."""
    return await start_app()


@asynccontextmanager
async def working_on(app: Application) -> AsyncIterator[Services]:
    """Another instance on the same database, at the same time of day."""
    services = build_services(app.settings, app.clock)
    yield services
    await services.close()


async def kids(app: Application, algorithm: str = "RS256") -> list[str]:
    """Of the published keys, the newest first."""
    keys = (await app.http.get("/jwks")).json()["keys"]
    return [key["kid"] for key in keys if key["alg"] == algorithm]


async def sign(services: Services, algorithm: str = "RS256") -> str:
    return await services.oauth.signing_keys.sign({"sub": "somebody"}, algorithm=algorithm)


def kid_of(token: str) -> str:
    return str(header_of(token)["kid"])


async def test_only_public_key_parameters_are_published(own_app: Application) -> None:
    """RFC 7517 section 5, RFC 7518 section 6"""
    response = await own_app.http.get("/jwks")

    keys = response.json()["keys"]
    assert {key["alg"] for key in keys} == ALGORITHMS
    assert len({key["kid"] for key in keys}) == len(keys) == 3
    assert {key["use"] for key in keys} == {"sig"}
    assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & {
        name for key in keys for name in key
    }
    assert response.headers["cache-control"] == "public, max-age=40"  # and a key waits for 60


async def test_the_metadata_contains_the_jwks_uri(own_app: Application) -> None:
    metadata = (await own_app.http.get("/.well-known/openid-configuration")).json()

    assert metadata["jwks_uri"] == f"{own_app.settings.issuer_url}/jwks"
    assert set(metadata["id_token_signing_alg_values_supported"]) == {*ALGORITHMS, "PS256"}


async def test_a_new_key_is_published_before_it_signs(own_app: Application) -> None:
    (old,) = await kids(own_app)
    async with working_on(own_app) as operator:
        (new,) = await operator.oauth.signing_keys.rotate("RS256", authority=FULL)
        own_app.clock.advance(seconds=59)
        before = await sign(operator)
        published = await kids(own_app)
        own_app.clock.advance(seconds=1)
        after = await sign(operator)

    assert published == [new, old]
    assert (kid_of(before), kid_of(after)) == (old, new)


@pytest.mark.slow
async def test_other_instances_use_a_rotated_key_without_a_restart(
    own_app: Application, visitor_of_own: Visitor
) -> None:
    """The one that serves people is not the one that rotated"""
    client, user = await own_app.create_client(), await own_app.enrolled_user()
    first = (await visitor_of_own.tokens_for(client, user))["id_token"]
    async with working_on(own_app) as operator:
        (new,) = await operator.oauth.signing_keys.rotate("RS256", authority=FULL)
    own_app.clock.advance(seconds=61)

    second = (await visitor_of_own.tokens_for(client, user, prompt="none"))["id_token"]

    assert kid_of(second) == new != kid_of(first)
    for token in (first, second):
        assert (await verified(own_app, token))["aud"] == client.client_id


@pytest_asyncio.fixture
async def visitor_of_own(own_app: Application) -> AsyncIterator[Visitor]:
    async with visiting(own_app) as made:
        yield made


async def test_an_old_key_is_published_while_its_tokens_are_valid(
    own_app: Application,
) -> None:
    """An hour, which is how long an ID token counts, and a day"""
    async with working_on(own_app) as operator:
        old = kid_of(token := await sign(operator))
        await operator.oauth.signing_keys.rotate("RS256", authority=FULL)
        own_app.clock.advance(seconds=60 + 3600 + DAY - 1)
        while_it_counts = await kids(own_app)
        assert (await verified(own_app, token))["sub"] == "somebody"
        own_app.clock.advance(seconds=11)
        after = await kids(own_app)

        assert old in while_it_counts
        assert old not in after
        assert len(after) == 1
        assert await operator.oauth.signing_keys.verify(token) == {"sub": "somebody"}  # as a hint


async def test_an_old_key_is_published_for_the_configured_id_token_lifetime(
    start_app: AppFactory,
) -> None:
    app = await start_app(id_token_ttl=7200)
    async with working_on(app) as operator:
        await operator.oauth.signing_keys.rotate("RS256", authority=FULL)
        app.clock.advance(seconds=60 + 7200 + DAY - 1)

        assert len(await kids(app)) == 2


async def test_only_the_key_of_the_named_algorithm_is_rotated(own_app: Application) -> None:
    before = {algorithm: await kids(own_app, algorithm) for algorithm in ALGORITHMS}
    async with working_on(own_app) as operator:
        await operator.oauth.signing_keys.rotate("ES256", authority=FULL)
    own_app.clock.advance(seconds=11)

    after = {algorithm: await kids(own_app, algorithm) for algorithm in ALGORITHMS}

    changed = {algorithm for algorithm in ALGORITHMS if before[algorithm] != after[algorithm]}
    assert changed == {"ES256"}


async def test_the_key_of_a_resource_is_created_when_it_first_signs_and_rotates_with_the_others(
    own_app: Application,
) -> None:
    """RFC 9068 section 2.1: PS256 is for access tokens only, which not every server has"""
    async with working_on(own_app) as operator:
        before = await operator.oauth.signing_keys.rotate(authority=FULL)
        without = await kids(own_app, "PS256")
        token = await sign(operator, "PS256")
        own_app.clock.advance(seconds=11)
        (first,) = await kids(own_app, "PS256")

        after = await operator.oauth.signing_keys.rotate(authority=FULL)

        own_app.clock.advance(seconds=11)
        assert (len(before), without, len(after)) == (3, [], 4)
        assert kid_of(token) == first
        new, still = await kids(own_app, "PS256")
        assert (still, new in after) == (first, True)


@pytest.mark.slow
async def test_a_key_signs_only_once_every_server_publishes_it(own_app: Application) -> None:
    """Core section 10.1.1; also where the new key is wanted soon, as after a theft"""
    lacked_until, signs_from = -1, None
    async with working_on(own_app) as operator:
        await own_app.http.get("/jwks")  # this server has the old keys in its cache
        (new,) = await operator.oauth.signing_keys.rotate(
            "RS256", signs_after=KNOWN_AFTER, authority=FULL
        )
        for second in range(51):
            if signs_from is None and kid_of(await sign(operator)) == new:
                signs_from = second
            answer = await own_app.http.get("/jwks")
            if new not in {key["kid"] for key in answer.json()["keys"]}:
                max_age = int(answer.headers["cache-control"].rpartition("=")[2])
                lacked_until = second + max_age  # as long somebody may have a set without it
            own_app.clock.advance(seconds=1)

    assert signs_from == 50
    assert 0 < lacked_until <= signs_from


async def test_concurrent_instances_create_only_one_first_key(own_app: Application) -> None:
    """Two instances, and several requests in each"""
    async with working_on(own_app) as one, working_on(own_app) as other:
        tokens = await asyncio.gather(
            *(sign(each, algorithm) for each in (one, other) * 3 for algorithm in ALGORITHMS)
        )

        made = await one.oauth.signing_keys.list_all()

    assert sorted(key.algorithm for key in made) == sorted(ALGORITHMS)
    assert {kid_of(token) for token in tokens} == {key.kid for key in made}


async def test_an_instance_that_saw_no_key_reads_again_before_creating_one(
    own_app: Application,
) -> None:
    async with working_on(own_app) as one, working_on(own_app) as other:
        assert await other.oauth.signing_keys.verify("e30.e30.e30") is None
        first = await sign(one)

        second = await sign(other)

    assert kid_of(first) == kid_of(second)


async def test_concurrent_rotations_do_not_interfere(own_app: Application) -> None:
    async with working_on(own_app) as one, working_on(own_app) as other:
        await asyncio.gather(
            *(each.oauth.signing_keys.rotate("ES256", authority=FULL) for each in (one, other) * 2)
        )
        own_app.clock.advance(seconds=71)
        tokens = [await sign(each, "ES256") for each in (one, other)]

        made = [key for key in await one.oauth.signing_keys.list_all() if key.algorithm == "ES256"]

    generations = [key.generation for key in made]
    assert generations == sorted(set(generations), reverse=True)
    assert {kid_of(token) for token in tokens} == {made[0].kid}


@pytest.mark.slow
async def test_losing_the_secret_key_replaces_the_signing_keys_and_nothing_else(
    start_app: AppFactory,
) -> None:
    """What was signed before is verified as before"""
    before = await start_app()
    client, user = await before.create_client(), await before.enrolled_user()
    async with visiting(before) as visitor:
        old = (await visitor.tokens_for(client, user))["id_token"]
    after = await start_app(
        database_url=before.settings.database_url, secret_key=OTHER_SECRET, secret_key_is_new=True
    )
    async with working_on(after) as operator:
        new = await sign(operator)

        assert kid_of(new) != kid_of(old)
        assert await kids(after) == [kid_of(new), kid_of(old)]
        assert await operator.oauth.signing_keys.verify(old) is not None
        assert (await verified(after, old))["aud"] == client.client_id
        assert (await verified(after, new))["sub"] == "somebody"


async def test_rotating_the_secret_key_preserves_the_signing_keys(
    start_app: AppFactory,
) -> None:
    before = await start_app()
    (old,) = await kids(before)
    after = await start_app(
        database_url=before.settings.database_url,
        secret_key=OTHER_SECRET,
        secret_key_previous=before.settings.secret_key.get_secret_value(),  # type: ignore[union-attr] - it is set
    )

    async with working_on(after) as operator:
        assert kid_of(await sign(operator)) == old


async def test_private_keys_are_stored_encrypted(own_app: Application) -> None:
    async with working_on(own_app) as operator:
        await operator.oauth.signing_keys.ensure()
        made = await operator.oauth.signing_keys.list_all()

    for key in made:
        assert b'"d"' not in key.private_sealed
        assert '"d"' not in key.public_jwk


@pytest.mark.slow
async def test_housekeeping_rotates_a_key_at_its_maximum_age(start_app: AppFactory) -> None:
    """By housekeeping, with no hand of anybody"""
    app = await start_app(signing_key_max_age=30 * DAY)
    (old,) = await kids(app)
    async with working_on(app) as worker:
        app.clock.advance(seconds=30 * DAY - 1)
        await worker.operations.housekeeping.run_once()
        assert await kids(app) == [old]
        app.clock.advance(seconds=1)

        await worker.operations.housekeeping.run_once()

        app.clock.advance(seconds=11)
        new, still = await kids(app)
        assert still == old
        assert kid_of(await sign(worker)) == old
        app.clock.advance(seconds=49)
        assert kid_of(await sign(worker)) == new


async def test_several_workers_rotate_an_old_key_only_once(start_app: AppFactory) -> None:
    app = await start_app(signing_key_max_age=30 * DAY)
    async with working_on(app) as one, working_on(app) as other:
        await asyncio.gather(one.oauth.signing_keys.ensure(), other.oauth.signing_keys.published())
        app.clock.advance(seconds=30 * DAY)
        await other.oauth.signing_keys.published()

        await one.oauth.signing_keys.rotate_old()
        await other.oauth.signing_keys.rotate_old()

        assert len(await one.oauth.signing_keys.list_all()) == 6


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
async def test_a_client_chooses_the_signing_algorithm_of_its_id_tokens(
    app: Application, visitor: Visitor, algorithm: str
) -> None:
    """OpenID Connect Registration section 2, and at_hash of Core section 3.1.3.6"""
    client = await app.create_client(id_token_signed_response_alg=algorithm)

    tokens = await visitor.tokens_for(client, await app.enrolled_user())

    assert header_of(tokens["id_token"])["alg"] == algorithm
    claims = await verified(app, tokens["id_token"])
    assert claims["at_hash"] == at_hash(tokens["access_token"], algorithm)


def at_hash(token: str, algorithm: str) -> str:
    name = "sha512" if algorithm == "EdDSA" else "sha256"
    digest = hashlib.new(name, token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "PS512", "rs256", ""])
async def test_a_client_cannot_choose_an_unsupported_signing_algorithm(
    app: Application, algorithm: str
) -> None:
    """SECURITY_BAR row 35"""
    response = await app.http.post(
        "/create_client",
        json={
            "client_name": app.new_name(),
            "redirect_uri": "http://localhost:3000/callback",
            "id_token_signed_response_alg": algorithm,
        },
    )

    assert response.status_code in (400, 422), response.text
