"""Actors of delegated tokens (RFC 8693 section 4.1), as token families store them.

The chain begins with the current actor. Actors are stored as this server knows them, so that each
client is shown the user among them by the subject that it knows.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache

MAXIMUM_ACTORS = 4


@dataclass(frozen=True, slots=True)
class Actor:
    """A client, a user, or a subject of a trusted issuer; exactly one of the three.

    A user acts by a client, which is `client_id`. `subject` is what the `issuer` calls its own.
    """

    client_id: str | None = None
    user_id: str | None = None
    issuer: str | None = None
    subject: str | None = None

    @property
    def named(self) -> str:
        """The actor as administrators see it."""
        if self.issuer is not None:
            return f"{self.issuer} {self.subject}"
        return f"user:{self.user_id}" if self.user_id is not None else f"client:{self.client_id}"


def stored_actors(actors: Sequence[Actor]) -> str | None:
    """Return a chain as JSON, or None if it is empty."""
    if not actors:
        return None
    return json.dumps(
        [
            {name: value for name, value in asdict(actor).items() if value is not None}
            for actor in actors
        ]
    )


@lru_cache(maxsize=1024)
def parse_actors(stored: str | None) -> tuple[Actor, ...]:
    """Parse what `stored_actors` returned."""
    return tuple(Actor(**each) for each in json.loads(stored)) if stored is not None else ()
