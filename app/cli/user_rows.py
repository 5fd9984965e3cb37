"""Rows that describe users."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.parameters import argument
from app.cli.subjects import label_of_role

if TYPE_CHECKING:
    from app.models.accounts.sessions import Session
    from app.models.accounts.users import User
    from app.services.accounts.administration.details import UserDetails

Username = Annotated[str, argument()]


def row_of_user(user: "User") -> dict[str, Any]:
    return {
        "username": user.username,
        "user_id": user.user_id,
        "claims": user.claim_values,
        "otp_confirmed": user.has_confirmed_otp,
        "disabled": user.is_disabled,
        "created_at": user.created_at.isoformat(timespec="seconds"),
    }


def row_of_details(details: "UserDetails") -> dict[str, Any]:
    figures = details.figures
    return {
        **row_of_user(details.user),
        "groups": list(dict.fromkeys(group.name for group, _ in details.groups)),
        "roles": [label_of_role(role) for role in details.roles],
        "attributes": dict(details.attributes),
        "has_password": details.has_password,
        "passkeys": [passkey.name for passkey in details.passkeys],
        "recovery_codes_left": figures.recovery_codes_left,
        "providers": [identity.provider for identity in details.identities],
        "sessions": [session.session_id for session in details.sessions],
        "clients": [consent.client_id for consent in details.consents],
        "last_sign_in_at": iso_or_none(figures.last_sign_in_at),
        "locked_until": iso_or_none(details.locked_until),
        "invited_until": iso_or_none(figures.invited_until),
    }


def row_of_session(session: "Session") -> dict[str, Any]:
    return {
        "session_id": session.session_id,
        "user_agent": session.user_agent,
        "address": session.address,
        "methods": session.amr.split(),
        "auth_time": session.auth_time.isoformat(timespec="seconds"),
        "last_seen_at": session.last_seen_at.isoformat(timespec="seconds"),
        "expires_at": session.expires_at.isoformat(timespec="seconds"),
    }


def iso_or_none(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None
