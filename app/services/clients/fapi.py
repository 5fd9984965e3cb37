"""The FAPI 2.0 Security Profile (Final): which clients it holds for, and what they may use.

It is the policy of a client, or holds for every client of a server (`PROFILE`).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from app.details import Detail
from app.errors import InvalidInputError
from app.schemas.client_policies import ClientPolicies, parse_policies
from app.security.jose import CLIENT_ALGORITHM_NAMES
from app.security.key_proofs import PROOF_ALGORITHMS

if TYPE_CHECKING:  # the command line reads the constants, and does without tables
    from app.models.clients.clients import Client

FAPI2 = "fapi2"
FAPI_AUTH_METHODS = ("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth")
"""Section 5.3.2.1. Any other method, also one that is added later, is refused."""
FAPI_GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")
"""The profile describes these. Any other one is refused, since it says nothing about it."""
FAPI_ALGORITHMS = ("PS256", "ES256", "EdDSA")
"""Section 5.4.1: algorithms of everything that clients or this server sign."""
FAPI_ALGORITHM_NAMES = (*FAPI_ALGORITHMS, "Ed25519")
FAPI_DEFAULT_ALGORITHM = "PS256"
FAPI_CODE_TTL = timedelta(seconds=60)
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
SIGNED_BY_SERVER = ("id_token_signed_response_alg", "userinfo_signed_response_alg")
SIGNED_BY_CLIENT = ("request_object_signing_alg", "token_endpoint_auth_signing_alg")
"""Members of the metadata that name an algorithm, by whose signature it is."""


class FapiProblem(NamedTuple):
    """Why a client does not fit the profile, and the member of its metadata that is at fault."""

    detail: Detail
    member: str


class FapiProfile:
    """The profile on a server; with `holds_for_all`, it holds for every client."""

    def __init__(self, *, holds_for_all: bool) -> None:
        self.holds_for_all = holds_for_all

    def holds_for(self, client: "Client") -> bool:
        return self.holds_for_all or (client.policies is not None and client.has_fapi_profile)

    def holds_under(self, policies: str | None) -> bool:
        """Return whether the profile holds for a client with these stored policies."""
        if self.holds_for_all or policies is None:
            return self.holds_for_all
        return parse_policies(policies).profile is not None

    def requires_binding(self, policies: str | None, confirmation: str | None) -> bool:
        """Return whether an access token is not valid since it is not bound (section 5.3.2.1).

        `policies` are the stored ones of its client, which had no profile when it was issued.
        """
        return confirmation is None and self.holds_under(policies)

    def requires_dpop(self, client: "Client") -> bool:
        """Return whether a token request needs a DPoP proof.

        Under the profile, tokens are bound to a certificate or to the key of a proof.
        """
        if client.requires_dpop:
            return True
        return self.holds_for(client) and not client.has_certificate_bound_tokens

    def client_algorithms(self, client: "Client") -> Sequence[str]:
        """Return the names of the algorithms by which a client may sign."""
        return FAPI_ALGORITHM_NAMES if self.holds_for(client) else CLIENT_ALGORITHM_NAMES

    def proof_algorithms(self, policies: str | None) -> Sequence[str]:
        """Return the algorithms of DPoP proofs that challenges name (RFC 9449 section 7.1).

        `policies` are the stored ones of the client, or None if no client is known.
        """
        return FAPI_ALGORITHMS if self.holds_under(policies) else PROOF_ALGORITHMS

    def signing_algorithm(self, client: "Client", algorithm: str) -> str:
        """Return the algorithm, or the default of the profile if it does not allow that one."""
        if algorithm not in FAPI_ALGORITHMS and self.holds_for(client):
            return FAPI_DEFAULT_ALGORITHM
        return algorithm

    def code_ttl(self, client: "Client", ttl: timedelta) -> timedelta:
        """Return how long a code of a client lives, where others live for `ttl`."""
        return min(ttl, FAPI_CODE_TTL) if self.holds_for(client) else ttl

    def metadata_in_force(self, client: "Client") -> Mapping[str, Any]:
        """Return the metadata that holds for a client whatever it registered."""
        if not self.holds_for(client):
            return {}
        registered = client.registered_metadata.id_token_signed_response_alg
        return {
            "id_token_signed_response_alg": self.signing_algorithm(client, registered or ""),
            "require_pushed_authorization_requests": True,
            "dpop_bound_access_tokens": self.requires_dpop(client),
            "require_pkce": True,
        }


def fapi_problem(members: Mapping[str, Any]) -> FapiProblem | None:
    """Return why a client with this metadata (RFC 7591) does not fit the profile, or None."""
    method = "token_endpoint_auth_method"
    if members.get(method) not in FAPI_AUTH_METHODS:
        return FapiProblem(Detail.FAPI_AUTH_METHOD, method)
    if not set(members["grant_types"]) <= set(FAPI_GRANT_TYPES):
        return FapiProblem(Detail.FAPI_GRANT_TYPES, "grant_types")
    for name in (*SIGNED_BY_SERVER, *SIGNED_BY_CLIENT):
        if members.get(name) not in (None, *FAPI_ALGORITHM_NAMES):
            return FapiProblem(Detail.FAPI_ALGORITHMS, name)
    if any(_is_plain_http(uri) for uri in members.get("redirect_uris") or ()):
        return FapiProblem(Detail.FAPI_REDIRECT_URIS, "redirect_uris")
    return None


def require_fit(
    policies: ClientPolicies, members: Mapping[str, Any], *, field: str | None = None
) -> None:
    """Require metadata to fit the profile, if it is in the policies; raise `InvalidInputError`.

    The error is about the `field`, or else about the member that is at fault.
    """
    problem = fapi_problem(members) if policies.profile is not None else None
    if problem is not None:
        raise InvalidInputError(
            problem.detail,
            field=field or problem.member,
            reason=f"{problem.member} does not fit the FAPI 2.0 profile",
        )


def _is_plain_http(uri: str) -> bool:
    """Return whether a redirect URI uses http, other than on loopback (section 5.3.2.2)."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS
