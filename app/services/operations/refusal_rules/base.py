"""What a rule of the catalogue of refusals consists of."""

import re
from collections.abc import Callable
from typing import NamedTuple

WORD = re.compile(r"[A-Za-z0-9_~.][A-Za-z0-9_~.-]*")
CLIENT = "{client_id}"
"""Stands in an advice for the client that the request named."""


class RefusalRule(NamedTuple):
    """A rule by which requests are refused, and how to fix a request that it refused.

    `code` is stored with each refusal: never change one. `reasons` are beginnings of reasons.
    `explanation` and `advice` are translated where they are shown.
    """

    code: str
    explanation: str
    advice: str
    reasons: tuple[str, ...] = ()

    def advice_for(self, client_id: str | None, translate: Callable[[str], str] = str) -> str:
        """Return the advice with the ID of a client, unless the ID could be more than a word.

        The ID is what a caller sent, and the operator may copy the command into a shell.
        """
        is_word = client_id is not None and WORD.fullmatch(client_id) is not None
        return translate(self.advice).replace(
            CLIENT, client_id if client_id and is_word else "CLIENT_ID"
        )
