"""One form of an address for one mailbox: the host as the DNS has it."""

import pytest
from pydantic import ValidationError

from app.schemas.claims import StandardClaims
from app.security.mailboxes import MAXIMUM_EMAIL_LENGTH, email_key, with_ascii_host


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Zoe@Example.COM", "Zoe@example.com"),
        ("zoe@fußball.example", "zoe@xn--fuball-cta.example"),
        ("zoe@XN--FUBALL-CTA.example", "zoe@xn--fuball-cta.example"),
        ("zoe@fussball.example", "zoe@fussball.example"),
        ("zoe@MÜNCHEN.example", "zoe@xn--mnchen-3ya.example"),
        ("zoe@mu\u0308nchen.example", "zoe@xn--mnchen-3ya.example"),
        ("zoe@βόλος.example", "zoe@xn--nxasmm1c.example"),
        ("zoe@\uff45xample\u3002com", "zoe@example.com"),
        ("zoe@ex\u00adample.com", "zoe@example.com"),
        ("Jörg@example.com", "Jörg@example.com"),
    ],
)
def test_all_spellings_of_an_email_host_are_stored_in_one_form(written: str, kept: str) -> None:
    """RFC 5891, with the mapping of UTS 46: what was two hosts in the older IDNA stays two"""
    assert StandardClaims(email=written).email == kept
    assert with_ascii_host(kept) == kept
    assert email_key(written) == email_key(kept)


@pytest.mark.parametrize(
    "host",
    [
        "a_b.com",
        "-a.com",
        "ab--c.com",
        "xn--a.com",
        "xn--ü.com",
        "\u00ad",
        "\u3002",
        "a.com\u3002",
        "\u3002a.com",
        "a\u3002\u3002com",
        "a\u200db.com",
        "\u2615.com",
        "a=b",
        "ü" * 60 + ".com",
        "a" * 64 + ".com",
    ],
)
def test_an_invalid_email_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError):
        StandardClaims(email=f"zoe@{host}")


def test_an_email_that_is_too_long_in_its_stored_form_is_refused() -> None:
    host = ".".join(["ü" * 50] * 4)

    with pytest.raises(ValidationError):
        StandardClaims(email=f"{'z' * 49}@{host}")

    assert len(f"{'z' * 49}@{host}") < MAXIMUM_EMAIL_LENGTH


@pytest.mark.parametrize("asked", ["zoe", "", "@", "zoe@", "zoe@a_b", "zoe@\u3002"])
def test_the_key_of_an_invalid_email_is_its_unchanged_text(asked: str) -> None:
    assert email_key(asked) == asked
