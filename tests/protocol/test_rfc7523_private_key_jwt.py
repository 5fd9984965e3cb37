"""private_key_jwt (RFC 7523, OpenID Connect Core section 9): who signs is the client."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.protocol.assertions_of_clients import SigningClient, signing_client
from tests.protocol.wire import answer_of
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import ASSERTION_TYPE, jwks, signing_key


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


async def test_the_newer_name_of_eddsa_is_understood(app: Application) -> None:
    """RFC 9864"""
    signer = await signing_client(app, signing_key("EdDSA"))

    answer = await signer.token(signer.key.sign(signer.claims(), alg="Ed25519"))

    assert answer.status_code == 200


async def test_it_works_wherever_clients_authenticate(
    app: Application, signer: SigningClient, client: TestClient
) -> None:
    token = (await signer.token()).json()["access_token"]

    introspected = await signer.post("/introspect", token=token)
    revoked = await signer.post("/revoke", token=token)

    assert introspected.json()["client_id"] == signer.client_id
    assert revoked.status_code == 200
    assert not await app.is_active(client, token)


async def test_the_client_id_may_stand_beside_the_assertion(signer: SigningClient) -> None:
    """RFC 7521 section 4.2"""
    answer = await signer.token(client_id=signer.client_id)

    assert answer.status_code == 200


async def test_another_client_id_beside_the_assertion_is_refused(
    signer: SigningClient, client: TestClient
) -> None:
    """RFC 7521 section 4.2: it must identify the same client"""
    answer = await signer.token(client_id=client.client_id)

    assert_oauth_error(answer, "invalid_request")


@pytest.mark.parametrize("header", [{"kid": None}, {"typ": None}, {"typ": "jwt"}])
async def test_kid_and_typ_are_optional(signer: SigningClient, header: dict[str, Any]) -> None:
    answer = await signer.token(signer.key.sign(signer.claims(), **header))

    assert answer.status_code == 200


async def test_an_assertion_may_say_in_typ_what_it_is_for(signer: SigningClient) -> None:
    for typ in ("client-authentication+jwt", "application/client-authentication+jwt"):
        answer = await signer.token(signer.key.sign(signer.claims(), typ=typ))

        assert answer.status_code == 200


async def test_a_client_without_a_kid_on_its_keys_may_have_several(app: Application) -> None:
    one, two = signing_key(name="one"), signing_key(name="two")
    keys = [{**key.public} for key in (one, two)]
    for key in keys:
        del key["kid"]
    signer = await signing_client(app, two, jwks={"keys": keys})

    assert (await signer.token()).status_code == 200


@pytest.mark.parametrize("path", ["", "/token", "/par"])
async def test_the_issuer_and_the_endpoints_that_it_names_are_the_audience(
    signer: SigningClient, path: str
) -> None:
    """SECURITY_BAR row 37; RFC 9126 section 2"""
    audience = signer.app.settings.issuer_url + path

    alone = await signer.token(signer.assertion(aud=audience))
    in_a_list = await signer.token(signer.assertion(aud=[audience]))

    assert alone.status_code == 200
    assert in_a_list.status_code == 200


@pytest.mark.parametrize(
    "audience",
    [
        None,
        "",
        "https://other.example",
        "http://localhost:5000/",
        "http://LOCALHOST:5000",
        "http://localhost:5000/introspect",
        ["https://other.example"],
        [],
        [["http://localhost:5000"]],
        {"http://localhost:5000": True},
        7,
    ],
)
async def test_another_audience_is_refused(signer: SigningClient, audience: Any) -> None:
    """SECURITY_BAR row 37: an assertion for somebody else, who may have passed it on"""
    assert signer.app.settings.issuer_url == "http://localhost:5000"

    answer = await signer.token(signer.assertion(aud=audience))

    assert_oauth_error(answer, "invalid_client", status=401)


async def test_an_assertion_counts_once(signer: SigningClient) -> None:
    """SECURITY_BAR row 37: replayed jti"""
    assertion = signer.assertion()

    first = await signer.token(assertion)
    second = await signer.token(assertion)
    elsewhere = await signer.post("/introspect", assertion, token="postern_at_nothing")

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_client", status=401)
    assert_oauth_error(elsewhere, "invalid_client", status=401)


async def test_a_jti_counts_once_whatever_else_the_assertion_says(signer: SigningClient) -> None:
    """SECURITY_BAR row 37"""
    first = await signer.token(signer.assertion(jti="the same"))
    second = await signer.token(signer.assertion(jti="the same", exp=signer.moment(30)))

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_client", status=401)


async def test_the_jti_of_one_client_is_not_spent_by_another(app: Application) -> None:
    """SECURITY_BAR row 37"""
    one, other = await signing_client(app), await signing_client(app)

    first = await one.token(one.assertion(jti="everybody's"))
    second = await other.token(other.assertion(jti="everybody's"))

    assert first.status_code == 200
    assert second.status_code == 200


async def test_a_refused_assertion_spends_no_jti(signer: SigningClient) -> None:
    """SECURITY_BAR row 37: who cannot sign cannot spend a client's identifiers"""
    stranger = signing_key(name="a stranger's")
    claims = signer.claims()

    refused = await signer.token(stranger.sign(claims, kid=signer.key.kid))
    accepted = await signer.token(signer.key.sign(claims))

    assert_oauth_error(refused, "invalid_client", status=401)
    assert accepted.status_code == 200


async def test_of_many_at_the_same_moment_one_is_accepted(signer: SigningClient) -> None:
    """SECURITY_BAR row 37"""
    assertion = signer.assertion()

    answers = await asyncio.gather(*(signer.token(assertion) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19


async def test_an_assertion_counts_once_across_workers(start_app: AppFactory) -> None:
    """SECURITY_BAR row 37"""
    one = await start_app()
    other = await start_app(database_url=one.settings.database_url)
    signer = await signing_client(one)
    assertion = signer.assertion()

    first = await signer.token(assertion)
    second = await SigningClient(other, signer.client_id, signer.key).token(assertion)

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_client", status=401)


@pytest.mark.parametrize(
    ("issued", "expires"),
    [
        (None, 300),
        (0, 300),
        (-300, 0),
        (-60, 0),
        (0, -9),
        (9, 60),
        (None, 309),
    ],
)
async def test_the_times_of_an_assertion_are_taken_with_ten_seconds_of_skew(
    signer: SigningClient, issued: int | None, expires: int
) -> None:
    """SECURITY_BAR row 37"""
    began = signer.moment(issued) if issued is not None else None

    answer = await signer.token(signer.assertion(iat=began, nbf=began, exp=signer.moment(expires)))

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "times",
    [
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"exp": -10}, id="expired"),
        pytest.param({"iat": -3600, "exp": -3000}, id="expired long ago"),
        pytest.param({"exp": 311}, id="longer than five minutes"),
        pytest.param({"iat": None, "exp": 311}, id="longer than five minutes from now"),
        pytest.param({"iat": -250, "exp": 61}, id="longer than five minutes since it was made"),
        pytest.param({"nbf": -250, "exp": 61}, id="longer than five minutes since it began"),
        pytest.param({"iat": 11, "exp": 60}, id="not made yet"),
        pytest.param({"nbf": 11, "exp": 60}, id="not begun yet"),
        pytest.param({"exp": 86_400 * 365}, id="a year"),
    ],
)
async def test_an_assertion_out_of_its_time_is_refused(
    signer: SigningClient, times: dict[str, int | None]
) -> None:
    """SECURITY_BAR row 37: expired, to come, or living for more than five minutes"""
    claims = {
        name: signer.moment(seconds) if seconds is not None else None
        for name, seconds in times.items()
    }

    answer = await signer.token(signer.assertion(**claims))

    assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize(
    "value",
    ["tomorrow", "1", True, [], {}, 1e400, -1e400, 253_402_300_799, -62_135_596_800, 10**300, -1],
)
async def test_a_time_that_is_none_or_at_the_end_of_days_is_refused(
    signer: SigningClient, name: str, value: Any
) -> None:
    """SECURITY_BAR row 37"""
    answer = await signer.token(signer.assertion(**{name: value}))

    assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"iss": "somebody"}, id="another issuer"),
        pytest.param({"sub": None}, id="no subject"),
        pytest.param({"sub": "nobody"}, id="an unknown subject"),
        pytest.param({"sub": ""}, id="an empty subject"),
        pytest.param({"sub": "no\x00body"}, id="a subject with control characters"),
        pytest.param({"sub": ["a"]}, id="a subject that is no text"),
        pytest.param({"jti": None}, id="no identifier"),
        pytest.param({"jti": ""}, id="an empty identifier"),
        pytest.param({"jti": 7}, id="an identifier that is no text"),
        pytest.param({"jti": "x" * 257}, id="a long identifier"),
    ],
)
async def test_an_assertion_that_lacks_something_is_refused(
    signer: SigningClient, changes: dict[str, Any]
) -> None:
    """SECURITY_BAR row 37; RFC 7523 section 3"""
    answer = await signer.token(signer.assertion(**changes))

    assert_oauth_error(answer, "invalid_client", status=401)


async def test_an_identifier_that_no_encoding_has_is_just_an_identifier(
    signer: SigningClient,
) -> None:
    """SECURITY_BAR row 44"""
    first = await signer.token(signer.assertion(jti="\ud800"))
    second = await signer.token(signer.assertion(jti="\ud800"))

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_client", status=401)


async def test_an_assertion_of_one_client_is_not_taken_for_another(app: Application) -> None:
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


async def test_every_refusal_is_the_same_answer(app: Application, signer: SigningClient) -> None:
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
async def test_an_assertion_and_its_type_go_together(
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


async def test_an_assertion_beside_a_secret_is_refused(
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


async def test_a_client_that_signs_can_use_nothing_else(
    app: Application, signer: SigningClient
) -> None:
    """It has no secret, and is not public either."""
    by_name = await app.token(
        None, grant_type="refresh_token", refresh_token="x", client_id=signer.client_id
    )
    without_secret = await app.client_credentials(TestClient(signer.client_id, ""))
    by_form = await app.token(
        None, grant_type="client_credentials", client_id=signer.client_id, client_secret="secret"
    )

    for answer in (by_name, without_secret, by_form):
        assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize("method", [None, "client_secret_basic", "client_secret_post", "none"])
async def test_a_client_that_registered_otherwise_cannot_sign_although_it_has_keys(
    app: Application, method: str | None
) -> None:
    """RFC 7591 section 2: a client uses the method that it registered"""
    key = signing_key()
    made = await app.create_client(jwks=jwks(key), token_endpoint_auth_method=method)

    answer = await SigningClient(app, made.client_id, key).token()

    assert_oauth_error(answer, "invalid_client", status=401)


async def test_a_disabled_client_is_refused(app: Application, signer: SigningClient) -> None:
    """SECURITY_BAR row 3"""
    from tests.support.parts import services_of

    await services_of(app).clients.set_disabled(signer.client_id, disabled=True)

    assert_oauth_error(await signer.token(), "invalid_client", status=401)


async def test_an_assertion_is_in_no_log(
    signer: SigningClient, caplog: pytest.LogCaptureFixture
) -> None:
    """SECURITY_BAR row 13"""
    good, bad = signer.assertion(), signer.assertion(exp=1)
    with caplog.at_level("DEBUG"):
        await signer.token(good)
        await signer.token(bad)

    assert "has expired" in caplog.text
    for assertion in (good, bad):
        assert assertion not in caplog.text
        assert assertion.rpartition(".")[2] not in caplog.text
