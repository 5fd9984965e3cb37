"""Errors of token exchange (RFC 8693 section 2.2.2)."""

from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestError


class UnacceptableTokenError(Exception):
    """A token is invalid, or may not be exchanged by this client; the message is for the log."""


class InvalidSubjectTokenError(InvalidRequestError):
    """The same for a token that is unknown, expired, revoked, or not for this client to use."""

    description = Description.SUBJECT_TOKEN_INVALID


class InvalidActorTokenError(InvalidRequestError):
    description = Description.ACTOR_TOKEN_INVALID
