"""Errors of a sign-in with an identity provider; their messages are for the log."""


class ProviderUnavailableError(Exception):
    """The identity provider is unavailable."""


class ProviderProtocolError(Exception):
    """The identity provider sent an invalid response."""


class SignInDeniedError(Exception):
    """The user, or the identity provider, denied the sign-in (`access_denied`)."""
