"""Client metadata about certificates (RFC 8705 sections 2.1.2 and 3.4)."""

from app.oauth.client_auth.tls_client_auth import TlsClientAuth
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidClientMetadataError
from app.schemas.clients import ClientCreate
from app.schemas.registration import ClientRegister
from app.security.certificate_subjects import SUBJECT_MEMBERS, SubjectError, check_subject

BOUND_TOKENS = "tls_client_certificate_bound_access_tokens"


def check_certificate_members(
    body: ClientCreate | ClientRegister, *, has_client_certificates: bool
) -> None:
    """Require exactly one subject for `tls_client_auth`; raises `InvalidClientMetadataError`."""
    stated = {name: value for name in SUBJECT_MEMBERS if (value := getattr(body, name)) is not None}
    needs_subject = body.token_endpoint_auth_method == TlsClientAuth.name
    if len(stated) > 1 or (needs_subject and not stated):
        raise InvalidClientMetadataError(Description.ONE_CERTIFICATE_SUBJECT)
    for name, value in stated.items():
        try:
            check_subject(name, value)
        except SubjectError as error:
            raise InvalidClientMetadataError(
                Description.CERTIFICATE_SUBJECT_MALFORMED.format(name=name),
                reason=f"{name} is {error}",
            ) from None
    if body.tls_client_certificate_bound_access_tokens and not has_client_certificates:
        raise InvalidClientMetadataError(Description.NOT_SUPPORTED.format(name=BOUND_TOKENS))
