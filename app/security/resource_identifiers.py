"""Identifiers of resources (RFC 8707 section 2): in which forms a client may send them."""


def key_of(identifier: str) -> str:
    """Return the form by which an identifier is found.

    The scheme and the host are compared in lower case, and one slash is ignored after an origin
    without a path.
    """
    scheme, colon, rest = identifier.partition(":")
    if not rest.startswith("//"):
        return f"{scheme.lower()}{colon}{rest}"
    end = min((place for mark in "/?#" if (place := rest.find(mark, 2)) >= 0), default=len(rest))
    tail = rest[end:]
    return f"{scheme.lower()}:{rest[:end].lower()}{'' if tail == '/' else tail}"
