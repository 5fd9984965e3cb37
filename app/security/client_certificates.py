"""X.509 certificates that clients present (RFC 8705), and the path from one to an authority."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm

if TYPE_CHECKING:
    from cryptography import x509

MODULES = ("cryptography.x509", "cryptography.x509.verification")
"""Imported late, with their dependencies; see `app.concurrency.late_imports`."""
MAXIMUM_DEPTH = 8
MINIMUM_RSA_BITS = 2048
MINIMUM_CURVE_BITS = 224


class ClientCertificate(NamedTuple):
    """The certificate of a request in DER, and the intermediates that came with it.

    Nothing about them is verified, except that the client has the private key.
    """

    der: bytes
    intermediates: tuple[bytes, ...]

    @property
    def thumbprint(self) -> str:
        """The value of `x5t#S256` (RFC 8705 section 3.1)."""
        return thumbprint_of(self.der)


class CertificateError(Exception):
    """A certificate is refused; the message is for the log."""


def thumbprint_of(der: bytes) -> str:
    return urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode("ascii")


def load(der: bytes) -> "x509.Certificate":
    """Parse a certificate; raises `CertificateError`."""
    from cryptography import x509

    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion):
        raise CertificateError("a certificate cannot be read") from None


def load_authorities(pem: bytes) -> "Sequence[x509.Certificate]":
    """Parse the certificates of a file of authorities; raises `ValueError`."""
    from cryptography import x509

    return x509.load_pem_x509_certificates(pem)


def require_valid_now(certificate: "x509.Certificate", now: datetime) -> None:
    """Raise `CertificateError` for a certificate that is not valid yet or any more."""
    try:
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except ValueError:  # such as the year 0
        raise CertificateError("the certificate has dates that cannot be read") from None
    if not begin <= now <= end:
        raise CertificateError("the certificate is not valid at this time")


def require_strong_key(certificate: "x509.Certificate") -> None:
    """Raise `CertificateError` for a certificate whose private key could be computed.

    The bounds are those of FAPI 2.0 section 5.4.1.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        raise CertificateError("the certificate has a key that cannot be read") from None
    if isinstance(key, rsa.RSAPublicKey):
        is_strong = key.key_size >= MINIMUM_RSA_BITS
    elif isinstance(key, ec.EllipticCurvePublicKey):
        is_strong = key.key_size >= MINIMUM_CURVE_BITS
    else:
        is_strong = isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)
    if not is_strong:
        raise CertificateError("the certificate has a key that is too short, or of another kind")


def verified(
    presented: ClientCertificate, authorities: "Sequence[x509.Certificate]", *, now: datetime
) -> "x509.Certificate":
    """Return the certificate if an authority issued it for clients; raises `CertificateError`.

    The path is validated by RFC 5280 section 6: signatures, dates, basic constraints, name
    constraints and unknown critical extensions of each certificate. The certificate itself must
    state `clientAuth`. Extensions that only the rules of public web servers require may be missing.
    """
    from cryptography.x509 import UnsupportedGeneralNameType, verification

    certificate = load(presented.der)
    require_strong_key(certificate)
    intermediates = [load(der) for der in presented.intermediates]
    try:
        verifier = (
            verification.PolicyBuilder()
            .store(verification.Store(list(authorities)))
            .time(now)
            .max_chain_depth(MAXIMUM_DEPTH)
            .extension_policies(ca_policy=_of_authorities(), ee_policy=_of_clients())
            .build_client_verifier()
        )
        verifier.verify(certificate, intermediates)
    except (verification.VerificationError, UnsupportedGeneralNameType, ValueError) as error:
        raise CertificateError(f"the certificate is not trusted: {error}") from None
    return certificate


def _of_authorities() -> Any:
    from cryptography.x509 import BasicConstraints, KeyUsage
    from cryptography.x509.verification import Criticality, ExtensionPolicy

    return (
        ExtensionPolicy.permit_all()
        .require_present(BasicConstraints, Criticality.AGNOSTIC, None)
        .may_be_present(KeyUsage, Criticality.AGNOSTIC, _require_certificate_signing)
    )


def _of_clients() -> Any:
    from cryptography.x509 import ExtendedKeyUsage
    from cryptography.x509.verification import Criticality, ExtensionPolicy

    return ExtensionPolicy.permit_all().require_present(
        ExtendedKeyUsage, Criticality.AGNOSTIC, _require_client_authentication
    )


def _require_certificate_signing(policy: Any, certificate: Any, usage: Any) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an authority may not sign certificates")


def _require_client_authentication(policy: Any, certificate: Any, usage: Any) -> None:
    from cryptography.x509.oid import ExtendedKeyUsageOID

    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("the certificate is not for clients (clientAuth)")
