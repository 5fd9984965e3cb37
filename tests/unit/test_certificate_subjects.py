"""Subjects of certificates, compared by RFC 4514 (RFC 8705 section 2.1.2)."""

import pytest
from cryptography import x509

from app.security.certificate_subjects import SubjectError, check_subject, has_subject
from tests.support.certificates import make

DN = "tls_client_auth_subject_dn"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("CN=api,O=Example", "CN=api,O=Example"),
        ("CN=api,O=Example", "cn=api,o=Example"),
        ("CN=api,O=Example", "2.5.4.3=api,2.5.4.10=Example"),
        ("CN=api+OU=x,O=Example", "OU=x+CN=api,O=Example"),
        (r"CN=Doe\, Jane", r"CN=Doe\2C Jane"),
        (r"CN=J\C3\BCrgen", "CN=Jürgen"),
        ("1.2.840.113549.1.9.1=a@b.example", "emailAddress=a@b.example"),
    ],
)
def test_other_spellings_of_the_same_name_match(subject: str, expected: str) -> None:
    """RFC 4514 section 2"""
    check_subject(DN, expected)

    assert has_subject(make(subject).certificate, DN, expected)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("CN=api,O=Example", "O=Example,CN=api"),
        ("CN=api,O=Example", "CN=api"),
        ("CN=api", "CN=api,O=Example"),
        ("CN=api,O=Example", "CN=api+O=Example"),
        ("CN=api", "OU=api"),
        ("CN=api", "CN=Api"),
        ("CN=a,CN=b", "CN=b,CN=a"),
        (r"CN=a\,O\=b", "CN=a,O=b"),
    ],
)
def test_another_name_does_not_match(subject: str, expected: str) -> None:
    """RFC 4514: order, structure, attributes and values count"""
    assert not has_subject(make(subject).certificate, DN, expected)


def test_a_name_is_not_found_among_names_of_another_kind() -> None:
    names = [x509.DNSName("a.example"), x509.RFC822Name("a@b.example")]
    certificate = make("CN=c.example", names=names).certificate

    assert has_subject(certificate, "tls_client_auth_san_dns", "a.example")
    for member in ("tls_client_auth_san_uri", "tls_client_auth_san_email"):
        assert not has_subject(certificate, member, "a.example")
    assert not has_subject(certificate, "tls_client_auth_san_dns", "c.example")


def test_a_certificate_without_alternative_names_has_none() -> None:
    certificate = make("CN=a.example").certificate

    assert not has_subject(certificate, "tls_client_auth_san_dns", "a.example")


@pytest.mark.parametrize("text", ["", "CN", "CN=", "=a", "CN=a,", "a,b", "CN=#zz", "\ud800"])
def test_a_malformed_name_is_refused(text: str) -> None:
    """RFC 4514 section 3"""
    with pytest.raises(SubjectError):
        check_subject(DN, text)
