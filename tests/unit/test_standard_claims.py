"""What a person may say about himself (OpenID Connect Core section 5.1), value by value."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.schemas.claims import StandardClaims
from tests.support.people import CLAIMS

LONG = "x" * 201


def test_every_standard_claim_can_be_set_but_none_becomes_verified() -> None:
    said = StandardClaims(**CLAIMS).stated_claims()

    assert said == {**CLAIMS, "email_verified": False, "phone_number_verified": False}


def test_empty_input_yields_no_claims() -> None:
    assert StandardClaims().stated_claims() == {}
    assert StandardClaims(name=None, address={}).stated_claims() == {}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("email", ["a@b", "a.b+c@example.com", "jörg.o'neil@exämple.com", "a" * 64 + "@x.org"]),
        ("birthdate", ["1990", "1990-12-31", "0000-02-29", "2024-02-29"]),
        ("zoneinfo", ["Europe/Vienna", "UTC", "America/Argentina/Ushuaia"]),
        ("locale", ["de", "de-AT", "en_US", "zh-Hant-TW"]),
        ("phone_number", ["+4312345", "+1 (604) 555-1234;ext=5678", "01 234 56"]),
        ("website", ["http://example.com", "https://example.com/a?b=c#d"]),
        ("name", ["X", "Žofie  Nováková", "李小龍", "'; DROP TABLE users; --"]),
        ("address", [{"formatted": "1 Street\nTown"}, {"country": "AT", "unknown": 1}]),
    ],
    ids=str,
)
def test_valid_values_are_accepted(name: str, values: list[Any]) -> None:
    for value in values:
        assert name in StandardClaims(**{name: value}).stated_claims()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        (
            "email",
            ["a", "a@", "@b", "a@b@c", "a b@c", ".a@b", "a@b.", "a@b..c", '"><x>@b', "a,b@c"],
        ),
        ("email", ["a" * 65 + "@b", "a@" + "b" * 253, "a@b\x00", "a@b\r\nBcc: c@d"]),
        ("birthdate", ["2021-02-30", "2021-13-01", "1990-1-1", "90", "١٩٩٠", "1990-12-31T00:00"]),
        ("zoneinfo", ["Mars/Phobos", "", "../../etc/passwd", "/etc/passwd", "Europe"]),
        ("locale", ["german!", "d", "de--AT", "٢٠", "de-AT-" + "x" * 9]),
        ("phone_number", ["12", "----", "+", "phone", "++43 1 23", "+43 1 234;ext=", "٢٣٤٥"]),
        ("picture", ["javascript:alert(1)", "data:image/png;base64,x", "//host/x", "https://"]),
        ("profile", ["https://a b", 'https://a"b', "https://a\\b", "ftp://a.b", "nothing"]),
        ("website", ["https://[::1", "https://a.b/" + "x" * 2000, "https://ä.example/\u202e"]),
        ("name", ["", "   ", LONG, "a\x00b", "a\nb", "\ud800", 5, ["a"], {"a": 1}]),
        ("address", ["1 Street", {"country": "a\nb"}, {"formatted": "\n \n"}, {"region": LONG}]),
        ("address", [{"formatted": "x" * 1001}, {"formatted": "a\x00"}, {"locality": 7}]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_invalid_values_are_refused(name: str, values: list[Any]) -> None:
    """SECURITY_BAR rows 42 and 44: no script in an address, nothing that no database stores"""
    for value in values:
        with pytest.raises(ValidationError):
            StandardClaims(**{name: value})


def test_surrounding_spaces_and_empty_lines_are_removed() -> None:
    said = StandardClaims(name="  Zoë ", address={"formatted": " a \r\n\r\n b\n"}).stated_claims()

    assert said == {"name": "Zoë", "address": {"formatted": "a\nb"}}


def test_users_cannot_mark_their_own_email_or_phone_number_as_verified() -> None:
    """SECURITY_BAR row 41: mass assignment"""
    said = StandardClaims(
        email="a@b.c", email_verified=True, phone_number="+43123", phone_number_verified=True
    ).stated_claims()

    assert said["email_verified"] is False
    assert said["phone_number_verified"] is False
