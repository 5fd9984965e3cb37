"""Lower bounds of signed tokens: the CPU time of one ES256 signature and of one verification."""

import sys
import time
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

CONTENT = b"x" * 350
"""About as long as the header and the claims of an access token."""


def cpu_milliseconds(call: Callable[[], object], seconds: float) -> float:
    """Return the average for one call."""
    deadline = time.perf_counter() + seconds
    started_at, count = time.process_time(), 0
    while time.perf_counter() < deadline:
        call()
        count += 1
    return (time.process_time() - started_at) / count * 1000


def signature_and_verification(seconds: float) -> tuple[float, float]:
    key, algorithm = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    public, signature = key.public_key(), key.sign(CONTENT, algorithm)
    return (
        cpu_milliseconds(lambda: key.sign(CONTENT, algorithm), seconds / 2),
        cpu_milliseconds(lambda: public.verify(signature, CONTENT, algorithm), seconds / 2),
    )


if __name__ == "__main__":
    print(*signature_and_verification(float(sys.argv[1])))
