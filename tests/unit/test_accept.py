"""What a caller wants to read (RFC 9110 section 12.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pages.support.negotiation import languages, prefers_html

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
    "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"
)


@pytest.mark.parametrize(
    "accept",
    [
        FIREFOX,
        CHROME,
        "text/html",
        "TEXT/HTML",
        " text/html ; q=0.5 ",
        "text/html, application/json",
        "application/json;q=0.5, text/html",
        "application/*;q=0.9,text/html;q=0.95",
        "text/html;charset=utf-8",
    ],
)
def test_accept_headers_of_browsers_prefer_html(accept: str) -> None:
    assert prefers_html(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "application/json, text/plain, */*",
        "application/json, text/html",
        "text/html;q=0.5, application/json",
        "text/html;q=0.5, application/*",
        "text/html;q=0",
        "text/html;q=x",
        "text/html;q=",
        "text/*",
        "text/html2",
        "image/png",
        ",;,=;q",
    ],
)
def test_other_accept_headers_prefer_json(accept: str) -> None:
    assert not prefers_html(accept)


@pytest.mark.parametrize(
    ("accept_language", "expected"),
    [
        ("", [""]),
        ("de", ["de"]),
        ("de-AT,de;q=0.8,en;q=0.5", ["de-at", "de", "en"]),
        ("en;q=0.5,de;q=0.8,fr", ["fr", "de", "en"]),
        ("de,en", ["de", "en"]),
        ("de;q=0,en", ["en"]),
        ("de;q=0.0", []),
        ("de ; q = 0.3 , en", ["en", "de"]),
        ("de;q=nan", []),
        ("de;q=many,en", ["en"]),
    ],
)
def test_languages_are_sorted_by_preference(accept_language: str, expected: list[str]) -> None:
    assert languages(accept_language) == expected


def test_languages_of_equal_preference_keep_their_order() -> None:
    assert languages("a;q=0.5,b;q=0.5,c;q=0.5,d") == ["d", "a", "b", "c"]


def test_at_most_50_languages_are_read() -> None:
    """SECURITY_BAR row 49"""
    assert len(languages(",".join(["de"] * 100_000))) == 50


@given(st.text(max_size=200))
def test_any_header_text_is_parsed_without_an_error(text: str) -> None:
    """SECURITY_BAR row 44"""
    assert prefers_html(text) in (True, False)
    assert all(tag == tag.lower() for tag in languages(text))
