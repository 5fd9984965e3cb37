"""Certificates of clients and their authorities, valid from 2000 to 2100 by default."""

import base64
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from joserfc.jwk import ECKey

from app.security.client_certificates import thumbprint_of

BEGIN = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
END = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
SUBJECT = "CN=api,O=Example"
FOR_CLIENTS = (ExtendedKeyUsageOID.CLIENT_AUTH,)
ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Identity:
    """A certificate with its private key, and what it may do to others."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def thumbprint(self) -> str:
        return thumbprint_of(self.der)

    @property
    def rfc9440(self) -> str:
        return f":{base64.b64encode(self.der).decode()}:"

    @property
    def escaped(self) -> str:
        return quote(self.pem, safe="")

    @property
    def base64(self) -> str:
        return base64.b64encode(self.der).decode()

    @property
    def jwk(self) -> dict[str, Any]:
        """Return the public key as a JWK, without the certificate."""
        pem = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return dict(ECKey.import_key(pem).as_dict(private=False))

    @property
    def jwk_with_certificate(self) -> dict[str, Any]:
        return {**self.jwk, "x5c": [self.base64]}

    def issue(self, subject: str = SUBJECT, **options: Any) -> "Identity":
        """Issue a certificate for a new key."""
        return make(subject, issuer=self, **options)

    def write(self, directory: Path, name: str) -> tuple[Path, Path]:
        """Write the files of the certificate and of the key."""
        directory.mkdir(exist_ok=True)
        certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
        certificate.write_text(self.pem)
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate, key


def make(
    subject: str,
    *,
    issuer: Identity | None = None,
    is_authority: bool = False,
    usages: Sequence[x509.ObjectIdentifier] | None = FOR_CLIENTS,
    names: Sequence[x509.GeneralName] = (),
    begin: datetime.datetime = BEGIN,
    end: datetime.datetime = END,
    further: Sequence[tuple[x509.ExtensionType, bool]] = (),
    key: PrivateKey | None = None,
) -> Identity:
    """Make a certificate for a new key or another one, signed by that if it has no issuer."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string(subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer is not None else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    if is_authority:
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = builder.add_extension(constraints, critical=True)
    elif usages is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension, is_critical in further:
        builder = builder.add_extension(extension, critical=is_critical)
    signer = issuer.key if issuer is not None else key
    return Identity(builder.sign(signer, hashes.SHA256()), key)


def authority(name: str = "CN=Clients of Example") -> Identity:
    return make(name, is_authority=True)


def signed(content: bytes, *, issuer: Identity) -> bytes:
    """Return a certificate in DER with any content, also one that cannot be read."""
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    signature = issuer.key.sign(content, ec.ECDSA(hashes.SHA256()))
    return _encoded(0x30, content + ECDSA_WITH_SHA256 + _encoded(0x03, b"\0" + signature))


def _encoded(tag: int, content: bytes) -> bytes:
    """Return content in DER, with its length in two bytes if one is not enough."""
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content
