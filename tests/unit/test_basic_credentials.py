"""Properties of the reader of Basic credentials (RFC 6749 section 2.3.1, RFC 7617)."""

import base64
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.oauth.client_auth.base import Credentials
from app.oauth.client_auth.client_secret_basic import MAXIMUM_LENGTH, ClientSecretBasic
from app.oauth.errors import InvalidClientError
from app.oauth.requests import FormRequest
from app.security.tokens import TokenKind, new_client_id, new_token
from tests.support.clock import FakeClock

fast = settings(deadline=None, max_examples=200)

# Room for every character to become four percent-encoded bytes, and a third more in base64.
text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=100)
not_empty = text.filter(bool)
identifier = not_empty


def _extract(authorization: bytes | None) -> Credentials | None:
    return ClientSecretBasic(FakeClock()).extract(
        FormRequest(form={}, authorization=authorization, dpop=None, certificate=None)
    )


def _decoded(authorization: bytes) -> tuple[str, str] | None:
    """Return the client_id and the secret as RFC 6749 has them encoded."""
    credentials = _extract(authorization)
    return credentials[:2] if credentials is not None else None


def _header(client_id: bytes, secret: bytes, *, scheme: bytes = b"Basic ") -> bytes:
    return scheme + base64.b64encode(client_id + b":" + secret)


def test_a_missing_header_yields_no_credentials() -> None:
    assert _extract(None) is None


@fast
@given(header=st.one_of(st.binary(max_size=200), st.binary().map(lambda raw: b"Basic " + raw)))
@example(header=b"Basic ====")
@example(header=b"Basic Og==")
@example(header=b"Basic \xff")
@example(header=b"Basic BAo6")
def test_any_header_is_parsed_or_refused_as_an_invalid_client(header: bytes) -> None:
    """SECURITY_BAR row 4: never anything but `InvalidClientError`"""
    try:
        credentials = _extract(header)
    except InvalidClientError:
        return

    assert credentials is None or credentials.client_id  # without a secret there are none


@fast
@given(joined=st.binary(max_size=500))
@example(joined=b"%00:secret")
@example(joined=b"%ED%A0%80:secret")
@example(joined=b"%:%")
@example(joined=b"%2:%2")
@example(joined=b":")
def test_any_base64_payload_is_parsed_or_refused_as_an_invalid_client(joined: bytes) -> None:
    """SECURITY_BAR row 4"""
    try:
        credentials = _extract(b"Basic " + base64.b64encode(joined))
    except InvalidClientError:
        return

    if credentials is None:  # an empty secret is none
        assert joined.endswith(b":")
        return
    assert credentials.client_id
    assert "\x00" not in credentials.client_id
    credentials.client_id.encode()  # raises for a lone surrogate, which no database takes
    credentials.secret.encode()


@fast
@given(client_id=identifier, secret=not_empty)
@example(client_id="a:b", secret="c:d+e f%20g")
@example(client_id="+", secret="%")
def test_form_encoded_credentials_are_decoded(client_id: str, secret: str) -> None:
    """RFC 6749 section 2.3.1: form-encoded, joined, base64"""
    for encode in (quote_plus, quote):
        header = _header(encode(client_id, safe="").encode(), encode(secret, safe="").encode())

        assert _decoded(header) == (client_id, secret)


@fast
@given(client_id=identifier, secret=not_empty)
def test_unencoded_credentials_without_special_characters_are_accepted(
    client_id: str, secret: str
) -> None:
    """SECURITY_BAR row 4: most clients forget to encode; a secret may hold colons"""
    assume(not set("+%:") & set(client_id))
    assume(not set("+%") & set(secret))

    assert _extract(_header(client_id.encode(), secret.encode())) == Credentials(client_id, secret)


def test_generated_credentials_need_no_encoding() -> None:
    """SECURITY_BAR row 4"""
    for _ in range(100):
        client_id, secret = new_client_id(), new_token(TokenKind.CLIENT_SECRET)

        assert quote_plus(client_id) == client_id
        assert quote_plus(secret) == secret
        assert _extract(_header(client_id.encode(), secret.encode())) == Credentials(
            client_id, secret
        )


@fast
@given(joined=st.binary(max_size=100).filter(lambda raw: b":" not in raw))
def test_credentials_without_a_colon_are_refused(joined: bytes) -> None:
    """SECURITY_BAR row 4"""
    with pytest.raises(InvalidClientError):
        _extract(b"Basic " + base64.b64encode(joined))


@fast
@given(scheme=st.sampled_from([b"basic ", b"BASIC ", b"bAsIc ", b"Basic    "]), secret=not_empty)
def test_the_scheme_is_case_insensitive(scheme: bytes, secret: str) -> None:
    """RFC 7235 section 2.1"""
    header = _header(b"somebody", quote_plus(secret).encode(), scheme=scheme)

    assert _decoded(header) == ("somebody", secret)


@pytest.mark.parametrize("scheme", [b"Bearer ", b"Basics ", b"", b"Basic", b"Basic\t", b" Basic "])
def test_another_scheme_is_refused(scheme: bytes) -> None:
    """RFC 6749 section 5.2"""
    with pytest.raises(InvalidClientError):
        _extract(_header(b"somebody", b"secret", scheme=scheme))


def test_a_header_above_the_maximum_length_is_refused() -> None:
    """SECURITY_BAR row 4"""
    longest = (MAXIMUM_LENGTH - len(b"Basic ")) // 4 * 3 - len(b"somebody:")

    assert _extract(_header(b"somebody", b"x" * longest)) is not None
    with pytest.raises(InvalidClientError):
        _extract(_header(b"somebody", b"x" * (longest + 3)))
