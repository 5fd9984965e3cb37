"""Secrets: random, never the same twice, in threads and forked processes alike."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.security.tokens import SECRETS_AT_ONCE, TokenKind, digest_of, new_token

MANY = 20 * SECRETS_AT_ONCE


def test_no_two_tokens_have_the_same_random_bytes() -> None:
    """SECURITY_BAR, values to ship: 256 bits of entropy"""
    with ThreadPoolExecutor(8) as threads:
        tokens = list(threads.map(lambda _: new_token(TokenKind.ACCESS_TOKEN), range(MANY)))

    assert len({token[-42:] for token in tokens}) == MANY


def test_the_digest_of_a_secret_of_another_server_holds_no_part_of_it() -> None:
    secret = "Vr3kq9ZtW8yLm2Xb5Nc7Vr3kq9ZtW8yLm2Xb5Nc7abcdefgh"

    assert digest_of(secret) == hashlib.sha256(secret.encode()).digest()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_does_not_repeat_the_tokens_of_its_parent() -> None:
    new_token(TokenKind.ACCESS_TOKEN)  # draws more than it needs
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, new_token(TokenKind.ACCESS_TOKEN).encode())
        os._exit(0)
    os.waitpid(child, 0)

    theirs, ours = os.read(reader, 200).decode(), new_token(TokenKind.ACCESS_TOKEN)

    assert theirs[-43:] != ours[-43:]
