"""URLs that operators and clients write: databases, redirects, addresses; and scopes."""

from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.database.postgresql import driver_url
from app.schemas.text import FORBIDDEN_SCHEMES, RedirectUri, Scope, Text, WebUri
from app.security.text import is_storable
from app.settings import sqlite_path

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
any_text = st.text(st.characters(), max_size=60)
urls = st.text("htps:/?#[]@\\.%&=a1 \t\n\x00é", max_size=60)
kinds = pytest.mark.parametrize(
    "kind",
    [RedirectUri, WebUri, Scope, Text],
    ids=["redirect uri", "web uri", "scope", "text"],
)


def accepted(kind: object, text: str) -> str | None:
    """The value as it is kept; None where it was refused."""
    try:
        value: str = TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return None
    return value


# --- PostgreSQL ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_postgresql_scheme_is_normalized_for_the_driver(scheme: str) -> None:
    """CONTRACT: postgresql:// and postgres:// are understood"""
    url = driver_url(f"{scheme}://user:secret@db.example:5433/postern")

    assert url == "postgresql://user:secret@db.example:5433/postern"


@pytest.mark.parametrize(
    "authority",
    [
        "db.example", "user@db.example", "user:p%40ss%2Fw%3Ard@db.example:5433", "[::1]:5433",
        "one.example:5432,two.example:5433", "user:a+b@db.example", "us%20er:@db.example",
    ],
)  # fmt: skip
def test_hosts_users_and_passwords_are_unchanged(authority: str) -> None:
    url = driver_url(f"postgres://{authority}/postern?sslmode=require")

    assert url == f"postgresql://{authority}/postern?sslmode=require"


@pytest.mark.parametrize(
    "parameter", ["connect_timeout=10", "channel_binding=require", "gssencmode=disable",
                  "keepalives=1", "keepalives_idle=30", "pgbouncer=true", "sslsni=1"]
)  # fmt: skip
def test_parameters_that_only_libpq_supports_are_dropped(parameter: str) -> None:
    """CONTRACT: libpq's parameters too"""
    url = driver_url(f"postgresql://db.example/postern?sslmode=require&{parameter}")

    assert url == "postgresql://db.example/postern?sslmode=require"


def test_parameters_that_the_driver_supports_are_preserved() -> None:
    given_url = (
        "postgresql://one,two/postern?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem"
        "&target_session_attrs=read-write&options=-c%20search_path%3Dpostern"
    )

    parts = urlsplit(driver_url(given_url))

    assert parse_qs(parts.query) == {
        "sslmode": ["verify-full"],
        "sslrootcert": ["/etc/ca.pem"],
        "target_session_attrs": ["read-write"],
        "options": ["-c search_path=postern"],
    }


def test_a_socket_directory_in_the_query_is_preserved() -> None:
    parts = urlsplit(driver_url("postgresql:///postern?host=%2Fvar%2Frun%2Fpostgresql"))

    assert parts.path == "/postern"
    assert parse_qs(parts.query) == {"host": ["/var/run/postgresql"]}


@unhurried
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_quoted_passwords_and_parameters_are_preserved(password: str, value: str) -> None:
    url = driver_url(
        f"postgres://user:{quote(password, safe='')}@db.example/postern"
        f"?application_name={quote(value, safe='')}"
    )

    parts = urlsplit(url)
    assert parts.netloc == f"user:{quote(password, safe='')}@db.example"
    assert parse_qs(parts.query, keep_blank_values=True) == {"application_name": [value]}
    assert driver_url(url) == url


@pytest.mark.parametrize("character", ["#", "[", "]"])
def test_a_password_with_an_unquoted_special_character_is_not_truncated(character: str) -> None:
    """libpq takes them as they are, so people paste such URLs."""
    parts = urlsplit(driver_url(f"postgresql://user:be{character}fore@db.example/postern"))

    assert parts.hostname == "db.example"
    assert parts.path == "/postern"
    assert unquote(parts.password or "") == f"be{character}fore"


# --- SQLite -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///./data/postern.db", Path("data/postern.db")),
        ("sqlite:///postern.db", Path("postern.db")),
        ("sqlite:////var/lib/postern.db", Path("/var/lib/postern.db")),
        ("sqlite+aiosqlite:////var/lib/postern.db", Path("/var/lib/postern.db")),
        ("sqlite:///my data/postern.db", Path("my data/postern.db")),
        ("sqlite:///postern.db?cache=shared", Path("postern.db")),
        ("postgresql://db.example/postern", None),
        ("postgres:///sqlite", None),
    ],
)
def test_the_file_path_is_read_from_a_sqlite_url(url: str, path: Path | None) -> None:
    """CONTRACT: sqlite:/// is understood"""
    assert sqlite_path(url) == path


@unhurried
@given(st.text("abc_-. /", min_size=1, max_size=30).filter(lambda name: name.strip("/. ")))
def test_an_absolute_path_survives_a_round_trip_through_a_sqlite_url(name: str) -> None:
    path = Path("/" + name.lstrip("/"))

    assert sqlite_path(f"sqlite:///{path}") == path


# --- what clients register ----------------------------------------------------------------------


@kinds
@unhurried
@given(st.one_of(any_text, urls))
def test_any_text_is_refused_or_accepted_as_a_storable_value(kind: object, text: str) -> None:
    """SECURITY_BAR row 44"""
    value = accepted(kind, text)

    if value is not None:
        assert is_storable(value)
        assert accepted(kind, value) == value


@unhurried
@given(urls)
def test_an_accepted_redirect_uri_is_absolute_and_has_no_fragment_or_user(text: str) -> None:
    """SECURITY_BAR row 26; RFC 6749 section 3.1.2"""
    if accepted(RedirectUri, text) is None:
        return

    parts = urlsplit(text)
    assert parts.scheme
    assert parts.scheme not in FORBIDDEN_SCHEMES
    assert "#" not in text
    assert "@" not in parts.netloc
    assert not set(text) & set(" \\\t\r\n\x00")
    assert text.isascii()


@unhurried
@given(
    st.sampled_from(sorted(FORBIDDEN_SCHEMES)),
    st.text(st.characters(), max_size=20),
    st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_a_scheme_that_browsers_execute_is_refused_in_any_spelling(
    scheme: str, rest: str, capitals: list[bool]
) -> None:
    """SECURITY_BAR rows 26 and 42"""
    written = "".join(
        char.upper() if is_capital else char
        for char, is_capital in zip(scheme, capitals, strict=False)
    )

    for text in (f"{written}:{rest}", f" {written}:{rest}", f"\t{written}:{rest}"):
        assert accepted(RedirectUri, text) is None
        assert accepted(WebUri, text) is None


@unhurried
@given(urls)
def test_an_accepted_web_uri_has_an_http_or_https_scheme_and_a_host(text: str) -> None:
    """SECURITY_BAR row 42"""
    if accepted(WebUri, text) is not None:
        assert urlsplit(text).scheme in ("http", "https")
        assert urlsplit(text).hostname


@unhurried
@given(any_text)
def test_an_accepted_scope_consists_of_unique_printable_ascii_names(text: str) -> None:
    """RFC 6749 section 3.3"""
    value = accepted(Scope, text)
    if not value:
        return

    names = value.split(" ")
    assert len(names) == len(set(names))
    assert set(names) == set(text.split(" "))
    assert all(char == " " or (0x21 <= ord(char) <= 0x7E and char not in '"\\') for char in value)


@unhurried
@given(any_text)
def test_an_accepted_text_has_no_control_characters(text: str) -> None:
    """SECURITY_BAR row 44"""
    if accepted(Text, text) is not None:
        assert text
        assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in text)
