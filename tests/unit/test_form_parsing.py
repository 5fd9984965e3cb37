"""Properties of the parser of forms (RFC 6749 section 3.2)."""

from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.oauth.errors import InvalidRequestError
from app.oauth.requests import MAXIMUM_PARAMETERS, parse_form
from app.security.text import is_storable

FORM = b"application/x-www-form-urlencoded"

fast = settings(deadline=None, max_examples=200)

text = st.text(st.characters(exclude_categories=("Cc", "Cs")))
filled = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1)
control = st.characters(categories=("Cc",))
# Bytes that look like a form more often than chance would have it.
pieces = st.sampled_from(
    [b"&", b"=", b"+", b"%", b";", b"%00", b"%0A", b"%C3%A9", b"%C3", b"%zz", b"scope", b"\xff"]
)
formlike = st.lists(st.one_of(pieces, st.binary(max_size=4)), max_size=40).map(b"".join)
content_types = st.one_of(
    st.none(),
    st.binary(max_size=60),
    st.sampled_from(
        [FORM, FORM.upper(), FORM + b"; charset=utf-8", b"application/json", b"", b";"]
    ),
)


@fast
@given(body=st.one_of(st.binary(max_size=2000), formlike), content_type=content_types)
def test_any_body_is_parsed_or_refused_as_an_invalid_request(
    body: bytes, content_type: bytes | None
) -> None:
    """SECURITY_BAR row 12: only `InvalidRequestError`, and nothing that cannot be stored"""
    try:
        form = parse_form(body, content_type, read=None)
    except InvalidRequestError:
        return

    assert len(form) <= MAXIMUM_PARAMETERS
    for name, value in form.items():
        assert value
        assert is_storable(name)
        assert is_storable(value) or name == "scope"  # refused by its own name, see test_scopes


@fast
@given(form=st.dictionaries(text, filled, max_size=MAXIMUM_PARAMETERS))
@example(form={"scope": "a+b c%20d&e=f;g", "": "nameless", "é": "\U0001f600"})
def test_an_encoded_form_is_decoded_to_the_same_parameters(form: dict[str, str]) -> None:
    """RFC 6749 appendix B"""
    assert parse_form(urlencode(form).encode(), FORM, read=None) == form


@fast
@given(form=st.dictionaries(text, filled, max_size=20))
def test_every_byte_may_be_percent_encoded(form: dict[str, str]) -> None:
    """RFC 6749 appendix B"""
    body = b"&".join(
        b"=".join(b"".join(b"%%%02X" % byte for byte in part.encode()) for part in (name, value))
        for name, value in form.items()
    )

    assert parse_form(body, FORM, read=None) == form


@fast
@given(
    form=st.dictionaries(text, text, max_size=20),
    with_equals_sign=st.booleans(),
)
def test_an_empty_parameter_is_treated_as_absent(
    form: dict[str, str], with_equals_sign: bool
) -> None:
    """SECURITY_BAR row 1"""
    body = urlencode(form)
    if not with_equals_sign:
        body = "&".join(pair.removesuffix("=") for pair in body.split("&"))

    parsed = parse_form(body.encode(), FORM, read=None)

    assert parsed == {name: value for name, value in form.items() if value}


@fast
@given(
    form=st.dictionaries(filled, text, min_size=1, max_size=20),
    value=text,
    place=st.integers(min_value=0, max_value=20),
    data=st.data(),
)
def test_a_repeated_parameter_is_refused_in_any_position(
    form: dict[str, str], value: str, place: int, data: st.DataObject
) -> None:
    """SECURITY_BAR row 1: also where one of the two is empty, or written otherwise"""
    repeated = data.draw(st.sampled_from(sorted(form)))
    pairs = [urlencode({name: each}).encode() for name, each in form.items()]
    encoded = quote_from_bytes(repeated.encode(), safe=b"").encode()
    pairs.insert(place, encoded + b"=" + urlencode({"": value}).encode().removeprefix(b"="))

    with pytest.raises(InvalidRequestError):
        parse_form(b"&".join(pairs), FORM, read=None)


@fast
@given(before=text, char=control, after=text, in_name=st.booleans())
def test_control_characters_are_refused_in_names_and_values(
    before: str, char: str, after: str, in_name: bool
) -> None:
    """SECURITY_BAR rows 12 and 44"""
    bad = before + char + after
    form = {bad: "value"} if in_name else {"name": bad}

    with pytest.raises(InvalidRequestError):
        parse_form(urlencode(form).encode(), FORM, read=None)


def _is_not_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


@fast
@given(raw=st.binary(min_size=1, max_size=20).filter(_is_not_utf8), in_name=st.booleans())
@example(raw=b"\xed\xa0\x80", in_name=False)  # a surrogate
@example(raw=b"\xc0\xaf", in_name=False)  # a slash in two bytes
def test_invalid_utf8_is_refused_in_names_and_values(raw: bytes, in_name: bool) -> None:
    """SECURITY_BAR row 12"""
    encoded = quote_from_bytes(raw, safe=b"").encode()
    body = encoded + b"=value" if in_name else b"name=" + encoded

    with pytest.raises(InvalidRequestError):
        parse_form(body, FORM, read=None)


@given(count=st.integers(min_value=0, max_value=MAXIMUM_PARAMETERS * 2))
@example(count=MAXIMUM_PARAMETERS)
@example(count=MAXIMUM_PARAMETERS + 1)
@settings(deadline=None, max_examples=30)
def test_a_form_with_too_many_parameters_is_refused(count: int) -> None:
    """SECURITY_BAR row 12"""
    form = {f"p{number}": "x" for number in range(count)}
    body = urlencode(form).encode()

    if count <= MAXIMUM_PARAMETERS:
        assert parse_form(body, FORM, read=None) == form
    else:
        with pytest.raises(InvalidRequestError):
            parse_form(body, FORM, read=None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a+b", "a b"),
        (b"a%2Bb", "a+b"),
        (b"a%20b", "a b"),
        (b"100%", "100%"),
        (b"%zz", "%zz"),
        (b"%e9%", None),
        (b"a=b=c", "a=b=c"),
        (b"a;b", "a;b"),
        ("ü".encode(), "ü"),
    ],
)
def test_values_are_decoded_as_browsers_encode_them(value: bytes, expected: str | None) -> None:
    """RFC 6749 appendix B"""
    if expected is None:
        with pytest.raises(InvalidRequestError):
            parse_form(b"name=" + value, FORM, read=None)
    else:
        assert parse_form(b"name=" + value, FORM, read=None) == {"name": expected}


@pytest.mark.parametrize("content_type", [None, b"", b"text/plain", FORM + b"x", b"x" + FORM])
def test_a_body_of_another_content_type_is_refused_and_an_empty_body_needs_none(
    content_type: bytes | None,
) -> None:
    """SECURITY_BAR row 12"""
    assert parse_form(b"", content_type, read=None) == {}
    with pytest.raises(InvalidRequestError):
        parse_form(b"a=b", content_type, read=None)
