"""Errors of outbound requests."""


class FetchError(Exception):
    """The URL could not be fetched, or is not allowed; the message is for the log."""


class BusyError(FetchError):
    """The request could not be sent in time because other parties use the capacity; trying again
    later may succeed."""


class TooLargeError(FetchError):
    """The response body is larger than its limit."""
