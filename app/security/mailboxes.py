"""One form of an e-mail address for one mailbox."""


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
