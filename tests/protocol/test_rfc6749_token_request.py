"""The form at the token endpoint (RFC 6749 section 3.2), and what is no such form."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.conftest import AppFactory
from tests.protocol.wire import FORM, basic_of, post_body
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.machine import scaled

GOOD = b"grant_type=client_credentials"
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\n'
    b"client_credentials\r\n--x--\r\n"
)


async def test_a_missing_grant_type_is_an_invalid_request(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 1"""
    answers = [
        await post_body(app, b"scope=profile", client=client),
        await post_body(app, b"grant_type=", client=client),
        await post_body(app, b"", client=client),
        await post_body(app, b"", client=client, content_type=None),
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_request")


@pytest.mark.parametrize(
    "grant_type",
    [
        "magic",
        "implicit",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "CLIENT_CREDENTIALS",
        "client_credentials ",
        "x" * 10_000,
        "client_credentials\u2028",
    ],
    ids=lambda value: value[:40].strip(),
)
async def test_an_unknown_grant_type_is_unsupported(
    app: Application, client: TestClient, grant_type: str
) -> None:
    """SECURITY_BAR row 1"""
    answer = await app.token(client, grant_type=grant_type)

    assert_oauth_error(answer, "unsupported_grant_type")
    assert grant_type not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"grant_type=client_credentials&grant_type=client_credentials",
        b"grant_type=client_credentials&grant_type=password",
        b"grant_type=client_credentials&scope=profile&scope=email",
        b"grant_type=client_credentials&scope=&scope=email",
        b"grant_type=client_credentials&scope=profile&s%63ope=email",
        b"grant_type=client_credentials&scope&scope=profile",
    ],
)
async def test_a_repeated_parameter_is_an_invalid_request(
    app: Application, client: TestClient, body: bytes
) -> None:
    """SECURITY_BAR row 1; RFC 6749 section 3.2"""
    answer = await post_body(app, body, client=client)

    assert_oauth_error(answer, "invalid_request")


@pytest.mark.parametrize(
    "further",
    [
        b"unknown=1&unknown=2",
        b"nonce=1&nonce=2",
        b"unknown=a%00b",
        b"un%0Aknown=1",
    ],
)
async def test_an_unknown_parameter_is_ignored_even_if_repeated(
    app: Application, client: TestClient, further: bytes
) -> None:
    """RFC 6749 section 3.2"""
    answer = await post_body(app, GOOD + b"&" + further, client=client)

    assert answer.status_code == 200


async def test_an_empty_parameter_is_treated_as_absent(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 1; RFC 6749 section 3.2"""
    answer = await post_body(
        app, GOOD + b"&scope=&client_id=&client_secret=&username", client=client
    )

    assert answer.status_code == 200
    assert answer.json()["scope"] == "profile email"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps({"grant_type": "client_credentials"}).encode(), "application/json"),
        (json.dumps({"grant_type": "client_credentials"}).encode(), FORM),
        (GOOD, "application/json"),
        (GOOD, "text/plain"),
        (GOOD, "multipart/form-data; boundary=x"),
        (GOOD, FORM + "x"),
        (GOOD, ""),
        (GOOD, None),
        (b"\xff\xfe\x00", "application/octet-stream"),
        (MULTIPART, "multipart/form-data; boundary=x"),
    ],
)
async def test_a_body_that_is_not_a_form_is_an_invalid_request(
    app: Application, client: TestClient, body: bytes, content_type: str | None
) -> None:
    """SECURITY_BAR row 12"""
    answer = await post_body(app, body, client=client, content_type=content_type)

    assert_oauth_error(answer, "invalid_request")


@pytest.mark.parametrize(
    "content_type", [FORM, FORM.upper(), FORM + "; charset=utf-8", FORM + " ;charset=UTF-8"]
)
async def test_the_content_type_is_case_insensitive_and_may_have_parameters(
    app: Application, client: TestClient, content_type: str
) -> None:
    """RFC 9110 section 8.3.1"""
    answer = await post_body(app, GOOD, client=client, content_type=content_type)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "further",
    [
        b"&".join(b"p%d=x" % number for number in range(1000)),
        b"&" * 10_000,
        b"=" + b"&=" * 1000,
    ],
    ids=["1,000 parameters", "10,000 separators", "1,000 nameless parameters"],
)
async def test_a_form_with_a_thousand_parameters_is_an_invalid_request(
    app: Application, client: TestClient, further: bytes
) -> None:
    """SECURITY_BAR row 12"""
    answer = await post_body(app, GOOD + b"&" + further, client=client)

    assert_oauth_error(answer, "invalid_request")


@pytest.mark.parametrize(
    "pair",
    [
        b"code=a%00b",
        b"code=a\x00b",
        b"code=a%0Ab",
        b"code=a%0D%0Ab",
        b"code=%1B[31m",
        b"code=%7F",
        b"code=%C2%85",
        b"code=%FF%FE",
        b"code=\xff\xfe",
        b"%FF=x",
        b"code=%ED%A0%80",
        b"code=%C0%AF",
    ],
    ids=str,
)
async def test_control_characters_and_invalid_utf8_are_an_invalid_request(
    app: Application, client: TestClient, pair: bytes
) -> None:
    """SECURITY_BAR rows 12 and 44"""
    answer = await post_body(app, GOOD + b"&" + pair, client=client)

    assert_oauth_error(answer, "invalid_request")


@pytest.mark.parametrize("value", [b"%", b"%z", b"%zz", b"%4", b"100%", b"%%%", b"a=b", b"a;b"])
async def test_a_percent_sign_that_encodes_nothing_is_literal(
    app: Application, client: TestClient, value: bytes
) -> None:
    """SECURITY_BAR row 12: read like a browser's form, and never a 500"""
    ignored = await post_body(app, GOOD + b"&unknown=" + value, client=client)
    judged = await post_body(app, GOOD + b"&scope=profile" + value, client=client)

    assert ignored.status_code == 200
    assert_oauth_error(judged, "invalid_scope")


async def test_ten_megabytes_are_too_large_with_and_without_a_content_length(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 12: 413 in the protocol's shape"""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10_000_000:
            sent += 10_000
            yield b"x" * 10_000

    announced = await post_body(app, b"code=" + b"y" * 10_000_000, client=client)
    unannounced = await app.http.post(
        "/token",
        content=endless(),
        headers={"Content-Type": FORM, "Authorization": basic_of(client)},
    )

    assert_oauth_error(announced, "invalid_request", status=413)
    assert_oauth_error(unannounced, "invalid_request", status=413)
    assert sent < 1_000_000  # it was not read to its end


async def test_a_form_that_never_ends_times_out(start_app: AppFactory) -> None:
    """SECURITY_BAR row 12: chunked without end"""
    app = await start_app(body_timeout=scaled(0.2))
    client = await app.create_client()
    given_up = asyncio.Event()

    async def never_ending() -> AsyncIterator[bytes]:
        yield GOOD
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    answer = await app.http.post(
        "/token",
        content=never_ending(),
        headers={"Content-Type": FORM, "Authorization": basic_of(client)},
    )

    assert_oauth_error(answer, "invalid_request", status=408)
    assert given_up.is_set()


async def test_a_form_at_the_size_limit_is_accepted(app: Application, client: TestClient) -> None:
    """SECURITY_BAR values: the body limit is 64 KiB"""
    fitting = GOOD + b"&unknown="
    fitting += b"x" * (65_536 - len(fitting))

    within = await post_body(app, fitting, client=client)
    beyond = await post_body(app, fitting + b"x", client=client)

    assert within.status_code == 200
    assert_oauth_error(beyond, "invalid_request", status=413)


async def test_parameters_in_the_query_are_ignored(app: Application, client: TestClient) -> None:
    """RFC 6749 section 2.3.1: the parameters must not be in the request URI"""
    query = {"grant_type": "client_credentials"}
    credentials = {"client_id": client.client_id, "client_secret": client.client_secret}

    grant_in_query = await app.http.post("/token", params=query, auth=client.auth)
    client_in_query = await app.http.post("/token", params=credentials, data=query)

    assert_oauth_error(grant_in_query, "invalid_request")
    assert_oauth_error(client_in_query, "invalid_client", status=401)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_only_post_is_allowed(app: Application, client: TestClient, method: str) -> None:
    """RFC 6749 section 3.2"""
    answer = await app.http.request(
        method, "/token", params={"grant_type": "client_credentials"}, auth=client.auth
    )

    assert_oauth_error(answer, "invalid_request", status=405)
    assert answer.headers["allow"] == "POST"
