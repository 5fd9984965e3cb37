"""The certificate of the client, as forwarded by the direct peer if it is in TRUSTED_PROXIES.

One format is read, which the operator chooses: `Client-Cert` with `Client-Cert-Chain` (RFC 9440),
nginx's `$ssl_client_escaped_cert`, or HAProxy's `%[ssl_c_der,base64]`. A header that a stranger
could have written ends the request: no route must ever read it.
"""

import binascii
from collections.abc import Callable, Mapping
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from app.details import Detail
from app.errors import BadRequestError
from app.middleware.forwarded import TrustedNetworks
from app.middleware.http import CLIENT_CERTIFICATE, Scope
from app.security.client_certificates import ClientCertificate

MAXIMUM_DER = 16_384
MAXIMUM_CHAIN = 8
CHAIN_HEADER = b"client-cert-chain"
PEM_BEGIN, PEM_END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"


class CertificateFormat(StrEnum):
    """How a proxy writes a certificate into a header."""

    RFC9440 = "rfc9440"
    NGINX = "nginx"
    HAPROXY = "haproxy"


class InvalidCertificateHeaderError(BadRequestError):
    error = "invalid_request"


class ForwardedCertificate:
    """Reader of the header in which trusted proxies forward the client's certificate."""

    def __init__(self, trusted: TrustedNetworks, *, header: str, form: CertificateFormat) -> None:
        self._trusted = trusted
        self._header = header.encode("ascii")
        self._chain_header = CHAIN_HEADER if form is CertificateFormat.RFC9440 else None
        self._decode = DECODERS[form]

    def apply(self, scope: Scope, peer: tuple[str, int] | None) -> None:
        """Put the certificate of the client into the scope if the direct peer forwarded one.

        Raises `InvalidCertificateHeaderError`.
        """
        value = chain = None
        for name, content in scope["headers"]:
            if name == self._header:
                if value is not None:
                    raise _refusal("the header with the client certificate is repeated")
                value = content
            elif name == self._chain_header:
                if chain is not None:
                    raise _refusal("the header with the certificate chain is repeated")
                chain = content
        if value is None and chain is None:
            return
        if not peer or not self._trusted.include(peer[0]):
            raise _refusal("a client certificate was forwarded by a peer not in TRUSTED_PROXIES")
        if value:
            try:
                der = self._decode(value)
                intermediates = _chain_in(chain) if chain else ()
            except ValueError as error:
                raise _refusal(f"the header with the client certificate: {error}") from None
            scope[CLIENT_CERTIFICATE] = ClientCertificate(der, intermediates)


def _refusal(reason: str) -> InvalidCertificateHeaderError:
    return InvalidCertificateHeaderError(Detail.CLIENT_CERTIFICATE_HEADER_REFUSED, reason=reason)


def _from_rfc9440(value: bytes) -> bytes:
    """Decode a byte sequence (RFC 8941 section 3.3.5)."""
    value = value.strip(b" \t")
    if len(value) < 3 or not value.startswith(b":") or not value.endswith(b":"):
        raise ValueError("not a byte sequence of RFC 8941")
    return _from_base64(value[1:-1])


def _from_nginx(value: bytes) -> bytes:
    pem = unquote_to_bytes(value).strip()
    if not pem.startswith(PEM_BEGIN) or not pem.endswith(PEM_END):
        raise ValueError("not an escaped certificate in PEM")
    return _from_base64(b"".join(pem[len(PEM_BEGIN) : -len(PEM_END)].split()))


def _from_base64(value: bytes) -> bytes:
    try:
        der = binascii.a2b_base64(value, strict_mode=True)
    except binascii.Error:
        raise ValueError("not Base64") from None
    if not 0 < len(der) <= MAXIMUM_DER:
        raise ValueError("empty or too long")
    return der


def _chain_in(value: bytes) -> tuple[bytes, ...]:
    parts = value.split(b",")
    if len(parts) > MAXIMUM_CHAIN:
        raise ValueError("the chain is too long")
    return tuple(_from_rfc9440(part) for part in parts)


DECODERS: Mapping[CertificateFormat, Callable[[bytes], bytes]] = {
    CertificateFormat.RFC9440: _from_rfc9440,
    CertificateFormat.NGINX: _from_nginx,
    CertificateFormat.HAPROXY: _from_base64,
}
