"""Lifetimes of tokens.

Of that of the setting or the resource and that of the policy of a client, the shorter one holds.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.models.clients.clients import Client
from app.models.oauth.refresh_tokens import RefreshToken
from app.models.oauth.resources import Resource

JWT = "jwt"
JWT_LIFETIME = timedelta(seconds=600)
"""Services that verify a JWT by themselves do not see that it was revoked."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Lifetimes of tokens: `refresh` is the idle time, `family` the absolute limit."""

    access: timedelta
    refresh: timedelta
    family: timedelta

    def access_of(self, client: Client, resource: Resource | None) -> timedelta:
        """Return the lifetime of an access token that a client gets for a resource, or for none."""
        if client.policies is None and resource is None:
            return self.access
        access = self._of_resource(resource)
        policies = client.policies_in_force
        return access if policies is None else _shorter(access, policies.access_token_ttl)

    def of(self, client: Client, resource: Resource | None) -> "Lifetimes":
        """Return the lifetimes of the tokens that a client gets for a resource, or for none."""
        if client.policies is None and resource is None:
            return self
        policies, refresh = client.policies_in_force, self.refresh
        if policies is not None:
            refresh = _shorter(refresh, policies.refresh_token_ttl)
        return replace(self, access=self.access_of(client, resource), refresh=refresh)

    def _of_resource(self, resource: Resource | None) -> timedelta:
        """Return the lifetime that a resource states, or the one of its token format."""
        if resource is None:
            return self.access
        if resource.access_token_ttl is not None:
            return timedelta(seconds=resource.access_token_ttl)
        return min(self.access, JWT_LIFETIME) if resource.token_format == JWT else self.access


def refresh_token_expiry(token: RefreshToken, client: Client) -> datetime:
    """Return when a refresh token expires, also if it was issued before the client's policy."""
    policies = client.policies_in_force
    if policies is None or policies.refresh_token_ttl is None:
        return token.expires_at
    longest = timedelta(seconds=policies.refresh_token_ttl)
    return min(token.expires_at, token.issued_at + longest)


def _shorter(lifetime: timedelta, seconds: int | None) -> timedelta:
    return lifetime if seconds is None else min(lifetime, timedelta(seconds=seconds))
