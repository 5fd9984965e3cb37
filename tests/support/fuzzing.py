"""Generated requests: how many for each operation, and the description that they are made from."""

import os

import httpx

from tests.support.machine import scaled

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "4")


def make_description(url: str) -> None:
    """Request a description once: the first response takes seconds on a busy machine, and its
    readers have short time limits."""
    httpx.get(url, timeout=scaled(60)).raise_for_status()
