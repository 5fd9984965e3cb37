"""Which characters a text from outside may hold before it reaches a database."""

import unicodedata


def is_storable(text: str) -> bool:
    """False for what PostgreSQL refuses (NUL, lone surrogates) and for other control characters."""
    if text.isascii():
        return text.isprintable()
    return not any(unicodedata.category(char) in ("Cc", "Cs") for char in text)
