"""The authorities whose certificates clients present (RFC 8705 section 2.1)."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from app.security.client_certificates import load_authorities

if TYPE_CHECKING:
    from cryptography import x509


class CertificateAuthorities:
    """The certificates of MTLS_CA_FILE, read at the first use. Restart the server to change them.

    Without a file there is no authority, and every certificate is refused.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file

    @cached_property
    def certificates(self) -> "Sequence[x509.Certificate]":
        return load_authorities(self._file.read_bytes()) if self._file is not None else ()
