"""The subject that the certificate of a client must have (RFC 8705 section 2.1.2)."""

import ipaddress
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from cryptography import x509

ATTRIBUTE_NAMES = {
    "CN": "2.5.4.3",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "C": "2.5.4.6",
    "STREET": "2.5.4.9",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
    "emailAddress": "1.2.840.113549.1.9.1",
    "serialNumber": "2.5.4.5",
    "SN": "2.5.4.4",
    "GN": "2.5.4.42",
    "title": "2.5.4.12",
    "organizationIdentifier": "2.5.4.97",
}
"""Names of attributes: those of RFC 4514 section 3, and others as programs print them."""


class SubjectError(ValueError):
    """The expected subject is malformed."""


def check_subject(member: str, value: str) -> None:
    """Raise `SubjectError` unless a value of client metadata can be a subject of this kind."""
    CHECKS[member](value)


def has_subject(certificate: "x509.Certificate", member: str, value: str) -> bool:
    """Return whether a certificate has the subject that is registered under a name of metadata.

    Names of hosts and the hosts of email addresses are compared without regard to case. Wildcards
    match only themselves.
    """
    return MATCHES[member](certificate, value)


def distinguished_name(text: str) -> "x509.Name":
    """Return the name of a string of RFC 4514; raises `SubjectError`."""
    from cryptography import x509

    overrides = {
        spelling: x509.ObjectIdentifier(oid)
        for name, oid in ATTRIBUTE_NAMES.items()
        for spelling in (name, name.lower(), name.upper())
    }
    try:
        name = x509.Name.from_rfc4514_string(text, overrides)
    except (ValueError, KeyError, TypeError):
        raise SubjectError("not a distinguished name of RFC 4514") from None
    if not name.rdns:
        raise SubjectError("an empty distinguished name")
    return name


def _check_dn(value: str) -> None:
    distinguished_name(value)


def _check_host(value: str) -> None:
    if not value.isascii() or any(char.isspace() for char in value) or "." not in value:
        raise SubjectError("not a host name in ASCII")


def _check_uri(value: str) -> None:
    if not value.isascii() or any(char.isspace() for char in value) or not urlsplit(value).scheme:
        raise SubjectError("not an absolute URI")


def _check_ip(value: str) -> None:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        raise SubjectError("not an IP address") from None


def _check_email(value: str) -> None:
    local, at, host = value.rpartition("@")
    if not at or not local or not host or not value.isascii():
        raise SubjectError("not an email address in ASCII")


def _has_dn(certificate: "x509.Certificate", value: str) -> bool:
    """Compare the names by their attributes, in order; those of one RDN have no order.

    Values are compared exactly, which is stricter than the matching rules of X.520.
    """
    try:
        subject = certificate.subject
    except (ValueError, TypeError):  # a malformed name, which no client can register
        return False
    return _attributes(subject) == _attributes(distinguished_name(value))


def _attributes(name: "x509.Name") -> list[set[tuple[str, Any]]]:
    return [{(each.oid.dotted_string, each.value) for each in rdn} for rdn in name.rdns]


def _has_host(certificate: "x509.Certificate", value: str) -> bool:
    from cryptography import x509

    return value.lower() in (name.lower() for name in _alternatives(certificate, x509.DNSName))


def _has_uri(certificate: "x509.Certificate", value: str) -> bool:
    from cryptography import x509

    return value in _alternatives(certificate, x509.UniformResourceIdentifier)


def _has_ip(certificate: "x509.Certificate", value: str) -> bool:
    from cryptography import x509

    return ipaddress.ip_address(value) in _alternatives(certificate, x509.IPAddress)


def _has_email(certificate: "x509.Certificate", value: str) -> bool:
    from cryptography import x509

    names = _alternatives(certificate, x509.RFC822Name)
    return _email(value) in (_email(name) for name in names)


def _email(address: str) -> tuple[str, str]:
    local, _, host = address.rpartition("@")
    return local, host.lower()


def _alternatives(certificate: "x509.Certificate", kind: Any) -> list[Any]:
    """Return the subject alternative names of a kind."""
    from cryptography import x509

    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return list(extension.value.get_values_for_type(kind))


CHECKS: Mapping[str, Callable[[str], None]] = {
    "tls_client_auth_subject_dn": _check_dn,
    "tls_client_auth_san_dns": _check_host,
    "tls_client_auth_san_uri": _check_uri,
    "tls_client_auth_san_ip": _check_ip,
    "tls_client_auth_san_email": _check_email,
}
MATCHES: "Mapping[str, Callable[[x509.Certificate, str], bool]]" = {
    "tls_client_auth_subject_dn": _has_dn,
    "tls_client_auth_san_dns": _has_host,
    "tls_client_auth_san_uri": _has_uri,
    "tls_client_auth_san_ip": _has_ip,
    "tls_client_auth_san_email": _has_email,
}
SUBJECT_MEMBERS = tuple(CHECKS)
"""The members of client metadata of which one names the subject."""
