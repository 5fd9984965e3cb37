"""A self-signed certificate for https on localhost, stored beside the database."""

import datetime
import ipaddress
import os
import ssl
from pathlib import Path

from app.settings import Settings
from app.settings.files import make_private_directory
from app.startup_errors import StartupError

LIFETIME = datetime.timedelta(days=397)
RENEWED_BEFORE_END = datetime.timedelta(days=7)
NAMES = ("localhost", "127.0.0.1", "::1")


def stored_certificate(directory: Path) -> tuple[Path, Path]:
    """Return the files of the certificate and its key.

    They are created if they are missing or about to expire. Raises `StartupError`.
    """
    certificate_file, key_file = directory / "localhost-cert.pem", directory / "localhost-key.pem"
    try:
        make_private_directory(directory)
        if not key_file.exists() or not _is_good(certificate_file):
            _make(certificate_file, key_file)
    except OSError as error:
        raise StartupError(
            f"TLS_CERT_FILE: cannot write a certificate to {directory}: {error.strerror}"
        ) from None
    return certificate_file, key_file


def check_certificate(settings: Settings) -> None:
    """Raise `StartupError` if the files do not hold a certificate and its key."""
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file)
    except (ssl.SSLError, OSError, ValueError):
        raise StartupError(
            "TLS_CERT_FILE and TLS_KEY_FILE must contain a certificate and its key in PEM format"
        ) from None


def _is_good(file: Path) -> bool:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (FileNotFoundError, ValueError):  # missing, or not completely written
        return False
    return (
        certificate.not_valid_after_utc > datetime.datetime.now(datetime.UTC) + RENEWED_BEFORE_END
    )


def _make(certificate_file: Path, key_file: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Postern on localhost")])
    now = datetime.datetime.now(datetime.UTC)
    alternatives = [
        x509.DNSName(NAMES[0]),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in NAMES[1:]),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    _replace(key_file, private)
    _replace(certificate_file, certificate.public_bytes(serialization.Encoding.PEM))


def _replace(path: Path, content: bytes) -> None:
    """Replace a file atomically: it has its old content or the new one, never a part of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    temporary.replace(path)
