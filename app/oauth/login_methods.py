"""The ways to sign in that a client accepts, by its policy."""

from collections.abc import Collection

from app.models.accounts.sessions import Session
from app.models.clients.clients import Client


def accepted_methods(client: Client) -> Collection[str] | None:
    """Return the login methods of a client: `password`, `passkey` and `provider:NAME`.

    None stands for all of them.
    """
    policies = client.policies_in_force
    return policies.login_methods if policies is not None else None


def accepts_login_method(client: Client, method: str) -> bool:
    accepted = accepted_methods(client)
    return accepted is None or method in accepted


def accepts_session(client: Client, session: Session) -> bool:
    """Return whether the sign-in of a session is one that a client accepts."""
    accepted = accepted_methods(client)
    return accepted is None or session.login_method in accepted
