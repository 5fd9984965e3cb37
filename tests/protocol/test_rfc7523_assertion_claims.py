"""Claims of a client assertion (RFC 7523 section 3)."""

from typing import Any

import pytest
import pytest_asyncio

from tests.protocol.assertions_of_clients import SigningClient, signing_client
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error


@pytest_asyncio.fixture
async def signer(app: Application) -> SigningClient:
    return await signing_client(app)


@pytest.mark.parametrize("path", ["", "/token", "/par"])
async def test_the_issuer_and_its_endpoints_are_valid_audiences(
    signer: SigningClient, path: str
) -> None:
    """SECURITY_BAR row 37; RFC 9126 section 2"""
    audience = signer.app.settings.issuer_url + path

    alone = await signer.token(signer.assertion(aud=audience))
    in_a_list = await signer.token(signer.assertion(aud=[audience]))

    assert alone.status_code == 200
    assert in_a_list.status_code == 200


async def test_a_list_of_valid_audiences_is_accepted(signer: SigningClient) -> None:
    """SECURITY_BAR row 37"""
    issuer = signer.app.settings.issuer_url

    answer = await signer.token(signer.assertion(aud=[issuer, f"{issuer}/token", f"{issuer}/par"]))

    assert answer.status_code == 200


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
        ["http://localhost:5000", "https://other.example"],
        ["https://other.example", "http://localhost:5000/token"],
        ["http://localhost:5000", 7],
        ["http://localhost:5000", None],
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


@pytest.mark.parametrize(
    ("issued", "expires"),
    [
        (None, 300),
        (0, 300),
        (-300, 0),
        (-60, 0),
        (0, -9),
        (9, 60),
        (10, 60),
        (None, 3609),
        (0, 3600),
        (-3500, 100),
    ],
)
async def test_times_within_ten_seconds_of_skew_are_accepted(
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
        pytest.param({"exp": 3611}, id="longer than an hour"),
        pytest.param({"iat": None, "exp": 3611}, id="longer than an hour from now"),
        pytest.param({"iat": -3550, "exp": 61}, id="longer than an hour since it was made"),
        pytest.param({"nbf": -3550, "exp": 61}, id="longer than an hour since it began"),
        pytest.param({"iat": 11, "exp": 60}, id="not made yet"),
        pytest.param({"nbf": 11, "exp": 60}, id="not begun yet"),
        pytest.param({"exp": 86_400 * 365}, id="a year"),
    ],
)
async def test_an_assertion_outside_its_validity_period_is_refused(
    signer: SigningClient, times: dict[str, int | None]
) -> None:
    """SECURITY_BAR row 37: expired, to come, or living for more than an hour"""
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
async def test_an_invalid_or_extreme_time_is_refused(
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
async def test_an_assertion_with_a_missing_or_wrong_claim_is_refused(
    signer: SigningClient, changes: dict[str, Any]
) -> None:
    """SECURITY_BAR row 37; RFC 7523 section 3"""
    answer = await signer.token(signer.assertion(**changes))

    assert_oauth_error(answer, "invalid_client", status=401)
