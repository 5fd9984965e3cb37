"""Certificates of an authority (RFC 8705 section 2.1), whose chain is always verified here."""

from app.clock import Clock
from app.concurrency.late_imports import imported
from app.models.clients.clients import Client
from app.oauth.client_auth.base import (
    UNKNOWN_CLIENT,
    CertificateSources,
    ClientAuthMethod,
    Credentials,
)
from app.oauth.requests import FormRequest
from app.security import client_certificates
from app.security.certificate_subjects import SUBJECT_MEMBERS, SubjectError, has_subject
from app.security.client_certificates import CertificateError
from app.services.clients.certificate_authorities import CertificateAuthorities


class TlsClientAuth(ClientAuthMethod):
    name = "tls_client_auth"
    proves_identity = True
    is_chosen_by_registration = True
    uses_secret = False
    uses_keys = False
    form_parameters = frozenset({"client_id"})

    def __init__(self, authorities: CertificateAuthorities, clock: Clock) -> None:
        self._authorities = authorities
        self._clock = clock

    @classmethod
    def is_offered(cls, sources: CertificateSources) -> bool:
        return sources.exist and sources.has_authorities

    def extract(self, request: FormRequest) -> Credentials | None:
        return certificate_credentials(request)

    async def refusal(self, client: Client | None, credentials: Credentials) -> str | None:
        if client is None:
            return UNKNOWN_CLIENT
        if credentials.certificate is None:
            return NO_CERTIFICATE
        await imported(*client_certificates.MODULES)
        try:
            certificate = client_certificates.verified(
                credentials.certificate, self._authorities.certificates, now=self._clock.now()
            )
            subjects = client.registered_metadata.tls_client_auth_subjects
            if len(subjects) != 1:
                return f"the client must have registered one of {', '.join(SUBJECT_MEMBERS)}"
            ((member, expected),) = subjects.items()
            if not has_subject(certificate, member, expected):
                return f"the certificate does not have the {member} of the client"
        except (CertificateError, SubjectError) as error:
            return str(error)
        return None


NO_CERTIFICATE = "the request has no client certificate"


def certificate_credentials(request: FormRequest) -> Credentials | None:
    """Return the client_id and the certificate of a request, or None if it lacks one of them.

    The client_id is required, since the client cannot be found by a certificate (section 2).
    """
    client_id = request.form.get("client_id")
    if client_id is None or request.certificate is None:
        return None
    return Credentials(client_id, "", certificate=request.certificate)
