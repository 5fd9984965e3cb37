"""Comparison in a time that does not depend on where two values differ."""

import hmac


def digests_match(left: bytes | None, right: bytes) -> bool:
    """Compares two digests; a missing one takes as long and never matches."""
    if left is None:
        hmac.compare_digest(bytes(len(right)), right)
        return False
    return hmac.compare_digest(left, right)


def texts_match(left: str, right: str) -> bool:
    """Compares two strings of any characters."""
    return hmac.compare_digest(
        left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass")
    )
