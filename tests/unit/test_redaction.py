"""Secrets in what callers send are replaced before it is logged."""

import pytest

from app.observability.request_context import loggable
from app.security.tokens import TokenKind, new_token

JWT = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl-_AA"


@pytest.mark.parametrize("secret", [JWT, new_token(TokenKind.ACCESS_TOKEN)], ids=["jwt", "opaque"])
def test_a_token_is_replaced_in_a_log_line(secret: str) -> None:
    """SECURITY_BAR row 13"""
    shown = loggable(f"the token {secret} is wrong")

    assert shown == "the token postern_... is wrong"


def test_other_text_stays() -> None:
    assert loggable("eyJ and eyJhbGci are no tokens") == "eyJ and eyJhbGci are no tokens"
