"""private_key_jwt (RFC 7523, OpenID Connect Core section 9): who signs is the client."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio

from app.services.operations.authority import FULL
from tests.protocol.assertions_of_clients import SigningClient, signing_client
from tests.protocol.wire import answer_of
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import ASSERTION_TYPE, signing_key
from tests.support.parts import services_of


@pytest_asyncio.fixture
async def signer(app: Application) -> SigningClient:
    return await signing_client(app)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_a_signed_assertion_authenticates_the_client(
    app: Application, algorithm: str
) -> None:
    """RFC 7523 section 2.2"""
    signer = await signing_client(app, signing_key(algorithm))

    answer = await signer.token()

    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "Bearer"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("registered", ["EdDSA", "Ed25519", None])
async def test_either_algorithm_name_of_eddsa_is_accepted(
    app: Application, registered: str | None
) -> None:
    """RFC 9864: whichever of the two the client registered"""
    metadata = {"token_endpoint_auth_signing_alg": registered} if registered else {}
    signer = await signing_client(app, signing_key("EdDSA"), **metadata)

    for name in ("EdDSA", "Ed25519"):
        answer = await signer.token(signer.key.sign(signer.claims(), alg=name))
        assert answer.status_code == 200, answer.text
    other = await signer.token(signing_key("ES256").sign(signer.claims(), alg="ES256"))
    assert other.status_code == 401


async def test_assertions_are_accepted_at_introspection_and_revocation(
    app: Application, signer: SigningClient, client: TestClient
) -> None:
    token = (await signer.token()).json()["access_token"]

    introspected = await signer.post("/introspect", token=token)
    revoked = await signer.post("/revoke", token=token)

    assert introspected.json()["client_id"] == signer.client_id
    assert revoked.status_code == 200
    assert not await app.is_active(client, token)


async def test_the_client_id_may_be_sent_with_the_assertion(signer: SigningClient) -> None:
    """RFC 7521 section 4.2"""
    answer = await signer.token(client_id=signer.client_id)

    assert answer.status_code == 200


async def test_another_client_id_sent_with_the_assertion_is_refused(
    signer: SigningClient, client: TestClient
) -> None:
    """RFC 7521 section 4.2: it must identify the same client"""
    answer = await signer.token(client_id=client.client_id)

    assert_oauth_error(answer, "invalid_request")


@pytest.mark.parametrize("header", [{"kid": None}, {"typ": None}, {"typ": "jwt"}])
async def test_kid_and_typ_are_optional(signer: SigningClient, header: dict[str, Any]) -> None:
    answer = await signer.token(signer.key.sign(signer.claims(), **header))

    assert answer.status_code == 200


async def test_the_typ_of_client_authentication_is_accepted(signer: SigningClient) -> None:
    for typ in ("client-authentication+jwt", "application/client-authentication+jwt"):
        answer = await signer.token(signer.key.sign(signer.claims(), typ=typ))

        assert answer.status_code == 200


async def test_a_client_may_have_several_keys_without_a_kid(app: Application) -> None:
    one, two = signing_key(name="one"), signing_key(name="two")
    keys = [{**key.public} for key in (one, two)]
    for key in keys:
        del key["kid"]
    signer = await signing_client(app, two, jwks={"keys": keys})

    assert (await signer.token()).status_code == 200


async def test_an_assertion_signed_with_the_key_of_another_client_is_refused(
    app: Application,
) -> None:
    """SECURITY_BAR row 37: other client's key"""
    victim = await signing_client(app, signing_key(name="the victim's"))
    attacker = await signing_client(app, signing_key(name="the attacker's"))
    claims = victim.claims()

    answers = [
        await victim.token(attacker.key.sign(claims)),
        await victim.token(attacker.key.sign(claims, kid=victim.key.kid)),
        await victim.token(attacker.key.sign({**claims, "iss": attacker.client_id})),
        await victim.token(attacker.key.sign({**claims, "sub": attacker.client_id})),
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_client", status=401)


async def test_every_refused_assertion_gets_the_same_error(
    app: Application, signer: SigningClient
) -> None:
    """SECURITY_BAR row 3"""
    replayed = signer.assertion()
    await signer.token(replayed)

    answers = [
        await signer.token(assertion)
        for assertion in (
            replayed,
            signer.assertion(sub="nobody", iss="nobody"),
            signer.assertion(exp=signer.moment(-60)),
            signing_key(name="a stranger's").sign(signer.claims()),
            "nonsense",
        )
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_client", status=401)
        assert answer_of(answer) == answer_of(answers[0])


@pytest.mark.parametrize(
    "form",
    [
        {"client_assertion_type": None},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion": None},
        {"client_assertion": "", "client_id": "an-id"},
    ],
)
async def test_an_assertion_requires_the_matching_assertion_type(
    signer: SigningClient, form: dict[str, str | None]
) -> None:
    """RFC 7521 section 4.2"""
    data = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signer.assertion(),
        **form,
    }

    answer = await signer.app.http.post(
        "/token", data={name: value for name, value in data.items() if value is not None}
    )

    assert_oauth_error(answer, "invalid_client", status=401)


async def test_an_assertion_sent_with_a_secret_is_refused(
    signer: SigningClient, client: TestClient
) -> None:
    """SECURITY_BAR row 2"""
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signer.assertion(),
    }

    beside_basic = await signer.app.http.post("/token", data=form, auth=client.auth)
    beside_post = await signer.app.http.post(
        "/token", data={**form, "client_id": signer.client_id, "client_secret": "secret"}
    )

    assert_oauth_error(beside_basic, "invalid_request")
    assert_oauth_error(beside_post, "invalid_request")


async def test_a_disabled_client_is_refused(app: Application, signer: SigningClient) -> None:
    """SECURITY_BAR row 3"""
    await services_of(app).clients.administration.set_disabled(
        signer.client_id, disabled=True, authority=FULL
    )

    assert_oauth_error(await signer.token(), "invalid_client", status=401)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that the server logs, and nothing that the tests' client does."""
    logger = logging.getLogger("postern")
    level = logger.level
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.DEBUG)
    yield caplog
    logger.setLevel(level)
    logger.removeHandler(caplog.handler)


async def test_an_assertion_is_not_logged(
    signer: SigningClient, log: pytest.LogCaptureFixture
) -> None:
    """SECURITY_BAR row 13"""
    good, bad = signer.assertion(), signer.assertion(iat=None, exp=1)

    await signer.token(good)
    await signer.token(bad)

    assert "has expired" in log.text
    for assertion in (good, bad):
        assert assertion not in log.text
        assert assertion.rpartition(".")[2] not in log.text
