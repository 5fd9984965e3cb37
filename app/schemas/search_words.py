"""The words by which an administrator finds a user or a client."""

import json
import unicodedata
from collections.abc import Iterable

NAMES = ("name", "given_name", "middle_name", "family_name", "nickname")
MAXIMUM_LENGTH = 128
MAXIMUM_WORDS = 30
AFTER_EVERY_WORD = "\U0010ffff"
"""Sorts after every character of a word."""


def search_words_of(username: str, claims: str) -> str:
    """Return the words that identify a user, separated by spaces: the username, the email address,
    and each word of the names, case-folded, each once.

    `claims` is the JSON object of the user's stored claims.
    """
    stored = json.loads(claims)
    texts = [username, stored.get("email"), *(stored.get(name) for name in NAMES)]
    words = split_words(text for text in texts if isinstance(text, str))
    return " ".join(words[:MAXIMUM_WORDS])


def client_words_of(client_id: str, client_name: str) -> tuple[str, ...]:
    """Return the words that identify a client: the id, and each word of the name, case-folded."""
    return split_words([client_id, client_name])[:MAXIMUM_WORDS]


def split_words(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the case-folded words of texts, each once, in their order."""
    folded = (unicodedata.normalize("NFKC", text).casefold() for text in texts)
    return tuple(dict.fromkeys(word[:MAXIMUM_LENGTH] for text in folded for word in text.split()))


def end_of_prefix(prefix: str) -> str:
    """Return a text that sorts after every word that begins with a prefix."""
    return prefix + AFTER_EVERY_WORD
