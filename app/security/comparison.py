"""Constant-time comparison."""

import hmac


def digests_match(left: bytes | None, right: bytes) -> bool:
    """Compare two digests; a missing one takes as long to compare and never matches."""
    if left is None:
        hmac.compare_digest(bytes(len(right)), right)
        return False
    return hmac.compare_digest(left, right)


def texts_match(left: str, right: str) -> bool:
    """Compare two strings, which may contain any characters."""
    return hmac.compare_digest(
        left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass")
    )
