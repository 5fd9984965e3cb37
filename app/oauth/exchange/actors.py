"""The `act` and `may_act` claims (RFC 8693 sections 4.1 and 4.4)."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.models.oauth.actors import MAXIMUM_ACTORS, Actor, parse_actors
from app.oauth.subjects import subject_for
from app.repositories.accounts.users import UserRepository
from app.schemas.client_policies import parse_policies
from app.security.text import is_storable

MAXIMUM_NAME = 255


class ActClaims:
    """Shows chains of actors to clients, each user among them by the subject that it knows."""

    def __init__(self, user_repository: UserRepository, *, issuer: str) -> None:
        self._user_repository = user_repository
        self._issuer = issuer

    async def of(
        self, stored: str | None, *, sector_identifier: str | None
    ) -> dict[str, Any] | None:
        """Return the `act` claim of a token whose client is in a sector, or None."""
        claim: dict[str, Any] | None = None
        for actor in reversed(parse_actors(stored)):
            shown = await self._shown(actor, sector_identifier)
            claim = shown if claim is None else {**shown, "act": claim}
        return claim

    async def permits(self, may_act: object, actor: Actor) -> bool:
        """Return whether a `may_act` claim names a client or user here, by all of its members.

        A client and a user can have the same name: `sub` alone names a client only if no user has
        it.
        """
        if not isinstance(may_act, dict):
            return False
        subject = actor.user_id if actor.user_id is not None else actor.client_id
        stated = {"iss": self._issuer, "sub": subject, "client_id": actor.client_id}
        names = may_act.keys() - {"iss"}
        if not names or any(stated.get(name) != value for name, value in may_act.items()):
            return False
        if actor.user_id is not None:
            return "sub" in names
        return "client_id" in names or await self._user_repository.find(str(subject)) is None

    async def _shown(self, actor: Actor, sector_identifier: str | None) -> dict[str, Any]:
        if actor.issuer is not None:
            return {"iss": actor.issuer, "sub": actor.subject}
        if actor.user_id is None:
            return {"sub": actor.client_id, "client_id": actor.client_id}
        if sector_identifier is None:
            return {"sub": actor.user_id}
        user = await self._user_repository.find(actor.user_id)
        if user is None:  # the name of a deleted user is not shown to a pairwise client
            return {}
        subject = subject_for(
            user.user_id, salt=user.pairwise_salt, sector_identifier=sector_identifier
        )
        return {"sub": subject}


def may_act_of(policies: str | None) -> dict[str, str] | None:
    """Return the `may_act` claim of the tokens of a client with these policies, or None."""
    may_act = parse_policies(policies).token_exchange.may_act if policies is not None else None
    return {"sub": may_act, "client_id": may_act} if may_act is not None else None


def foreign_actors(claims: Mapping[str, Any]) -> Sequence[Actor] | None:
    """Return the chain in the `act` claim of a trusted issuer, or None if it is malformed."""
    actors: list[Actor] = []
    issuer, claim = claims.get("iss"), claims.get("act")
    while claim is not None:
        if not isinstance(claim, dict) or len(actors) == MAXIMUM_ACTORS:
            return None
        names = [
            name
            for name in (claim.get("iss", issuer), claim.get("sub"))
            if isinstance(name, str) and 0 < len(name) <= MAXIMUM_NAME and is_storable(name)
        ]
        if len(names) < 2:
            return None
        actors.append(Actor(issuer=names[0], subject=names[1]))
        claim = claim.get("act")
    return actors
