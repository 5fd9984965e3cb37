"""The keys that a token request proves, and the binding of its tokens to them.

A request proves a key by a DPoP proof (RFC 9449), and one by the certificate of its connection (RFC
8705). What tokens are bound to is stored as the `cnf` claim (RFC 7800 section 3).
"""

import json
from dataclasses import replace
from typing import NamedTuple

from app.models.clients.clients import Client
from app.models.operations.replay_cache import SingleUse
from app.oauth.certificate_binding import THUMBPRINT, is_certificate_of
from app.oauth.dpop.confirmation import JKT, bound_key
from app.oauth.dpop.proofs import DpopProof
from app.oauth.token_grants import TokenGrant
from app.security.client_certificates import ClientCertificate


class ProvenKeys(NamedTuple):
    """What a token request proves: the key of a verified proof, and the key of a certificate."""

    proof: DpopProof | None
    certificate: ClientCertificate | None

    @property
    def use_of_proof(self) -> SingleUse | None:
        """What is stored in the step that uses the proof."""
        return self.proof.use if self.proof is not None else None


NO_KEYS = ProvenKeys(None, None)
"""What a request without a proof and a certificate proves."""


def bound_to(keys: ProvenKeys, grant: TokenGrant, client: Client) -> TokenGrant:
    """Return a grant whose access token is bound to the keys that the request proves.

    A certificate binds the tokens of clients that registered that (RFC 8705 section 3.4). The
    refresh tokens of a public client are bound as well; those of another client are bound to its
    authentication.
    """
    if keys.proof is None and keys.certificate is None:
        return grant
    members: dict[str, str] = {}
    if keys.proof is not None:
        members[JKT] = keys.proof.jkt
    if keys.certificate is not None and client.has_certificate_bound_tokens:
        members[THUMBPRINT] = keys.certificate.thumbprint
    if not members:
        return grant
    confirmation = json.dumps(members)
    of_family = confirmation if client.is_public else grant.confirmation_of_family
    return replace(grant, confirmation=confirmation, confirmation_of_family=of_family)


def is_proven(confirmation: str | None, keys: ProvenKeys) -> bool:
    """Return whether a request proves every key that something is bound to."""
    if confirmation is None:
        return True
    jkt = bound_key(confirmation)
    if jkt is not None and (keys.proof is None or keys.proof.jkt != jkt):
        return False
    return is_certificate_of(confirmation, keys.certificate)


def is_bound_to_proof(confirmation: str | None, keys: ProvenKeys) -> bool:
    """Return whether tokens are bound to the key of the DPoP proof, or to none without a proof.

    Certificates are not compared: a client that has replaced its own can repeat a refresh.
    """
    return bound_key(confirmation) == (keys.proof.jkt if keys.proof is not None else None)
