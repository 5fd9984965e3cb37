"""The secret in an Authorization header (RFC 6749 section 2.3.1, RFC 7617), well and badly made."""

import base64

import pytest

from tests.protocol.wire import basic, basic_of, post_as
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error


def _encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


UNREADABLE = {
    "bad base64": "Basic !!!not-base64!!!",
    "base64 without padding": "Basic YTp",
    "no credentials": "Basic",
    "empty credentials": "Basic ",
    "no colon": "Basic " + _encoded(b"identifier-and-no-secret"),
    "no identifier": "Basic " + _encoded(b":secret"),
    "not UTF-8": "Basic " + _encoded(b"\xff\xfe:\xff"),
    "not UTF-8 when decoded": "Basic " + _encoded(b"%FF%FE:secret"),
    "a surrogate in UTF-8": "Basic " + _encoded(b"\xed\xa0\x80:secret"),
    "NUL": "Basic " + _encoded(b"a\x00b:secret"),
    "NUL when decoded": "Basic " + _encoded(b"a%00b:secret"),
    "control characters": "Basic " + _encoded(b"a\x01\r\nb:secret"),
    "a percent sign that encodes nothing": "Basic " + _encoded(b"a%zz%:%"),
    "an identifier of 3,000 characters": "Basic " + _encoded(b"a" * 3000 + b":secret"),
    "100,000 characters": "Basic " + "QUFB" * 25_000,
    "another scheme": "Digest username=somebody",
    "a bearer token": "Bearer postern_at_nothing",
    "no scheme": "c29tZWJvZHk6c2VjcmV0",
    "nothing": "",
    "non-ASCII": b"Basic \xc3\xa9\xff",
    "a line break": b"Basic YTpi\r\nX-Injected: 1",
}


@pytest.mark.parametrize("header", UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_malformed_credentials_are_an_authentication_failure(
    app: Application, header: str | bytes
) -> None:
    """SECURITY_BAR row 4"""
    answer = await post_as(app, header)

    assert_oauth_error(answer, "invalid_client", status=401)
    assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_credentials_may_be_form_encoded_as_the_standard_requires(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 4; RFC 6749 section 2.3.1"""

    def encode(text: str) -> str:
        return "".join(f"%{byte:02X}" for byte in text.encode())

    answer = await post_as(app, basic(encode(client.client_id), encode(client.client_secret)))

    assert answer.status_code == 200


async def test_a_plus_sign_is_decoded_as_a_space(app: Application, client: TestClient) -> None:
    """SECURITY_BAR row 4: decoding a plus sign as itself would let `+` pass for a space"""
    answer = await post_as(app, basic(client.client_id + "+", client.client_secret))

    assert_oauth_error(answer, "invalid_client", status=401)


async def test_the_scheme_is_case_insensitive_and_extra_spaces_are_ignored(
    app: Application, client: TestClient
) -> None:
    """RFC 7235 section 2.1"""
    encoded = basic_of(client).removeprefix("Basic ")

    answers = [await post_as(app, scheme + encoded) for scheme in ("basic ", "BASIC ", "Basic   ")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


async def test_a_repeated_header_is_refused_even_if_both_values_are_valid(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 2: otherwise two parties on the way may read different clients"""
    header = basic_of(client)

    answer = await app.http.post(
        "/token",
        data={"grant_type": "client_credentials"},
        headers=[("Authorization", header), ("Authorization", header)],
    )

    assert_oauth_error(answer, "invalid_request")


async def test_issued_client_ids_and_secrets_need_no_encoding(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 4: clients that forget to encode are right all the same"""
    assert len(client.client_id) == 24
    assert len(client.client_secret) >= 48
    assert client.client_id.isascii()
    assert client.client_id.isalnum()
    assert not set("+%: ") & set(client.client_secret)
