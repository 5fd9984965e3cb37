"""Normal form of email addresses: one key for each mailbox."""

from contextlib import suppress

import idna

from app.security.text import is_storable

MAXIMUM_EMAIL_LENGTH = 254
MAXIMUM_EMAIL_KEY = 320


def with_ascii_host(address: str) -> str:
    """Return the address with its host in ASCII (IDNA 2008 after the mapping of UTS 46).

    Applied once, when an address is received, so that the verified mailbox is the one in the
    `email` claim. Raises `ValueError` for text that cannot be an address.
    """
    local_part, _, host = address.rpartition("@")
    if not local_part:
        raise ValueError("no address")
    # in ASCII the mapping only changes capitals, and its table takes half a megabyte
    ascii_host = (
        idna.encode(host.lower())
        if host.isascii()
        else idna.encode(host, uts46=True, transitional=False)
    )
    return f"{local_part}@{ascii_host.decode('ascii')}"


def email_key(address: str) -> str:
    """Return the form by which a user is looked up, the same for every spelling of an address."""
    address = address.strip()
    with suppress(ValueError):  # text that is not an address matches no user
        address = with_ascii_host(address)
    return address.casefold()[:MAXIMUM_EMAIL_KEY]


def typed_email_key(name: str) -> str | None:
    """Return the `email_key` of what a user typed, or None if it cannot be an address."""
    address = name.strip()
    if "@" not in address or len(address) > MAXIMUM_EMAIL_LENGTH or not is_storable(address):
        return None
    return email_key(address)
