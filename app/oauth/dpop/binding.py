"""Binding of what a token response grants to the key of a proof (RFC 9449 section 5)."""

from dataclasses import replace

from app.models.clients.clients import Client
from app.models.operations.replay_cache import SingleUse
from app.oauth.dpop.confirmation import confirmation_of
from app.oauth.dpop.proofs import DpopProof
from app.oauth.token_grants import TokenGrant


def bound_to(proof: DpopProof | None, grant: TokenGrant, client: Client) -> TokenGrant:
    """Return a grant whose access token is bound to the key of the proof, if there is one.

    The refresh tokens of a public client are bound as well; those of another client are bound to
    its authentication.
    """
    if proof is None:
        return grant
    confirmation = confirmation_of(proof.jkt)
    of_family = confirmation if client.is_public else grant.confirmation_of_family
    return replace(grant, confirmation=confirmation, confirmation_of_family=of_family)


def use_of(proof: DpopProof | None) -> SingleUse | None:
    """Return what is stored in the step that uses the proof."""
    return proof.use if proof is not None else None
