"""What goes wrong outside the house."""


class FetchError(Exception):
    """It could not be fetched, or must not be; the message is for the log."""


class BusyError(FetchError):
    """It could not be tried in time because of other parties: nobody is to blame for it, and
    trying again later may help."""
