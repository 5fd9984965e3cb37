"""What goes wrong outside the house."""


class FetchError(Exception):
    """It could not be fetched, or must not be; the message is for the log."""
