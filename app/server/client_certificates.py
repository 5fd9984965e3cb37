"""Mutual TLS on MTLS_PORT: the certificate that a client presents to the server itself."""

import ssl
from typing import Any

from app.middleware.http import CLIENT_CERTIFICATE
from app.security.client_certificates import ClientCertificate
from app.server.http_protocol import BoundedHttpProtocol
from app.server.uvicorn_adapter.config import TLS_CIPHERS
from app.settings import Settings


class MtlsProtocol(BoundedHttpProtocol):
    """HTTP protocol of a connection whose client has presented a certificate."""

    _certificate: ClientCertificate

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._certificate = _presented(transport.get_extra_info("ssl_object"))

    def on_headers_complete(self) -> None:
        self._put_into_scope(CLIENT_CERTIFICATE, self._certificate)
        super().on_headers_complete()


def mtls_context(settings: Settings) -> ssl.SSLContext:
    """Return the TLS context of MTLS_PORT, which accepts only certificates of MTLS_CA_FILE.

    Sessions are not resumed: a resumed one does not have the intermediates any more.
    """
    if settings.tls_cert_file is None or settings.mtls_ca_file is None:
        raise ValueError("MTLS_PORT requires a certificate and authorities")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file)
    context.load_verify_locations(cafile=settings.mtls_ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # each certificate of the file is trusted
    context.set_ciphers(TLS_CIPHERS)
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def _presented(connection: Any) -> ClientCertificate:
    """Return the certificates of a connection, which the TLS handshake has accepted."""
    der = connection.getpeercert(binary_form=True)
    chain = _chain_of(connection)
    return ClientCertificate(der, tuple(each for each in chain if each != der))


def _chain_of(connection: Any) -> list[bytes]:
    """Return what the client sent; Python has a public method for it since 3.13."""
    if hasattr(connection, "get_unverified_chain"):
        return list(connection.get_unverified_chain())
    certificates = connection._sslobj.get_unverified_chain() or ()  # noqa: SLF001 - see above
    return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in certificates]
