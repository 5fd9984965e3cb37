"""Lifetimes of tokens: of the setting and the policy of a client, the shorter one holds."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.models.clients.clients import Client
from app.models.oauth.refresh_tokens import RefreshToken


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Lifetimes of tokens: `refresh` is the idle time, `family` the absolute limit."""

    access: timedelta
    refresh: timedelta
    family: timedelta

    def of_client(self, client: Client) -> "Lifetimes":
        """Return the lifetimes of the tokens that a client gets."""
        policies = client.policies_in_force
        if policies is None:
            return self
        return replace(
            self,
            access=_shorter(self.access, policies.access_token_ttl),
            refresh=_shorter(self.refresh, policies.refresh_token_ttl),
        )


def refresh_token_expiry(token: RefreshToken, client: Client) -> datetime:
    """Return when a refresh token expires, also if it was issued before the client's policy."""
    policies = client.policies_in_force
    if policies is None or policies.refresh_token_ttl is None:
        return token.expires_at
    longest = timedelta(seconds=policies.refresh_token_ttl)
    return min(token.expires_at, token.issued_at + longest)


def _shorter(lifetime: timedelta, seconds: int | None) -> timedelta:
    return lifetime if seconds is None else min(lifetime, timedelta(seconds=seconds))
