"""One form of an e-mail address for one mailbox."""

from contextlib import suppress

from app.security.text import is_storable

MAXIMUM_EMAIL_LENGTH = 254
MAXIMUM_EMAIL_KEY = 320


def with_ascii_host(address: str) -> str:
    """The address with its host as the DNS has it (IDNA 2008 after the mapping of UTS 46).

    Done once, where an address comes in, so that the mailbox which is proved is the one that is
    said. Raises `ValueError` for one that can be none.
    """
    import idna  # late: its tables are read only where somebody gives an address

    local_part, _, host = address.rpartition("@")
    if not local_part:
        raise ValueError("no address")
    # capitals are all that the mapping changes in ASCII, and its table takes half a megabyte
    in_dns = (
        idna.encode(host.lower())
        if host.isascii()
        else idna.encode(host, uts46=True, transitional=False)
    )
    return f"{local_part}@{in_dns.decode('ascii')}"


def email_key(address: str) -> str:
    """Return the form by which a user is found by an address, however it is written."""
    address = address.strip()
    with suppress(ValueError):  # what is no address is found nowhere
        address = with_ascii_host(address)
    return address.casefold()[:MAXIMUM_EMAIL_KEY]


def typed_email_key(name: str) -> str | None:
    """Return the `email_key` of what a user typed; None for what cannot be an address."""
    address = name.strip()
    if "@" not in address or len(address) > MAXIMUM_EMAIL_LENGTH or not is_storable(address):
        return None
    return email_key(address)
