"""Client authentication (RFC 6749 section 2.3): one file and one line below per method."""

from app.oauth.client_auth.base import CertificateSources, ClientAuthMethod
from app.oauth.client_auth.client_secret_basic import ClientSecretBasic
from app.oauth.client_auth.client_secret_post import ClientSecretPost
from app.oauth.client_auth.none import NoAuthentication
from app.oauth.client_auth.private_key_jwt import PrivateKeyJwt
from app.oauth.client_auth.self_signed_tls_client_auth import SelfSignedTlsClientAuth
from app.oauth.client_auth.tls_client_auth import TlsClientAuth

CLIENT_AUTH_METHODS: tuple[type[ClientAuthMethod], ...] = (
    ClientSecretBasic,
    ClientSecretPost,
    PrivateKeyJwt,
    TlsClientAuth,
    SelfSignedTlsClientAuth,
    NoAuthentication,
)
FORM_PARAMETERS = frozenset(
    name for method in CLIENT_AUTH_METHODS for name in method.form_parameters
)
"""The parameters by which a client can authenticate in a form."""


def offered_methods(sources: CertificateSources) -> tuple[type[ClientAuthMethod], ...]:
    """Return the methods by which this server can authenticate clients."""
    return tuple(method for method in CLIENT_AUTH_METHODS if method.is_offered(sources))
