"""Certificates that a client registered with its keys (RFC 8705 section 2.2), of any issuer."""

from app.clock import Clock
from app.concurrency.late_imports import imported
from app.errors import OverloadedError
from app.models.clients.clients import Client
from app.oauth.client_auth.base import (
    UNKNOWN_CLIENT,
    CertificateSources,
    ClientAuthMethod,
    Credentials,
)
from app.oauth.client_auth.tls_client_auth import NO_CERTIFICATE, certificate_credentials
from app.oauth.requests import FormRequest
from app.outbound.http import BusyError, FetchError
from app.security import client_certificates, jose
from app.security.client_certificates import CertificateError
from app.security.registered_certificates import RegisteredCertificate
from app.services.clients.client_keys import ClientKeys


class SelfSignedTlsClientAuth(ClientAuthMethod):
    """Our own port cannot serve it: Python's TLS accepts no certificate without an authority."""

    name = "self_signed_tls_client_auth"
    proves_identity = True
    is_chosen_by_registration = True
    uses_secret = False
    uses_keys = True
    form_parameters = frozenset({"client_id"})

    def __init__(self, client_keys: ClientKeys, clock: Clock) -> None:
        self._client_keys = client_keys
        self._clock = clock

    @classmethod
    def is_offered(cls, sources: CertificateSources) -> bool:
        return sources.by_header

    def extract(self, request: FormRequest) -> Credentials | None:
        return certificate_credentials(request)

    async def refusal(self, client: Client | None, credentials: Credentials) -> str | None:
        if client is None:
            return UNKNOWN_CLIENT
        if credentials.certificate is None:
            return NO_CERTIFICATE
        await imported(*client_certificates.MODULES, *jose.MODULES)
        try:
            certificate = client_certificates.load(credentials.certificate.der)
            client_certificates.require_strong_key(certificate)
            client_certificates.require_valid_now(certificate, self._clock.now())
            registered = RegisteredCertificate(credentials.certificate.der, certificate)
            keys = await self._client_keys.keys_with(client, registered.is_in)
            if not registered.is_in(keys):
                return "the certificate is not among the client's keys"
        except BusyError:
            raise OverloadedError from None
        except (CertificateError, FetchError) as error:
            return str(error)
        return None
