"""Kinds of password hashes: what they cost, their normal form, and how they are verified."""

import hashlib
import hmac
from base64 import b64encode
from dataclasses import dataclass
from typing import Protocol

from argon2.exceptions import Argon2Error
from argon2.low_level import Type, verify_secret

from app.security.foreign_hashes.decoding import unsupported

MAXIMUM_MEMORY_KIB = 64 * 1024
MAXIMUM_PBKDF2_ITERATIONS = 2_000_000
MAXIMUM_BCRYPT_COST = 14
MAXIMUM_ARGON2_TIME_COST = 10
MAXIMUM_PARALLELISM = 16
BCRYPT_BYTES = 72
"""Bytes of a password that bcrypt reads. It ignores any further bytes."""
ARGON2_TYPES = {"i": Type.I, "id": Type.ID}
ARGON2_KIB_PER_LANE = 8
SHORTEST_ARGON2_SALT = 8


class ForeignHash(Protocol):
    """A parsed hash. `excess` says what is above a limit, as a clause for the operator."""

    @property
    def excess(self) -> str | None: ...

    @property
    def normal_form(self) -> str: ...

    def matches(self, password: bytes) -> bool: ...


@dataclass(frozen=True, slots=True)
class Pbkdf2:
    """PBKDF2 with HMAC (RFC 8018 section 5.2); its normal form is that of Passlib."""

    digest: str
    iterations: int
    salt: bytes
    derived: bytes

    @property
    def excess(self) -> str | None:
        return _excess("iterations", self.iterations, MAXIMUM_PBKDF2_ITERATIONS)

    @property
    def normal_form(self) -> str:
        name = "pbkdf2" if self.digest == "sha1" else f"pbkdf2-{self.digest}"
        parts = (_unpadded(part).replace("+", ".") for part in (self.salt, self.derived))
        return f"${name}${self.iterations}${'$'.join(parts)}"

    def matches(self, password: bytes) -> bool:
        derived = hashlib.pbkdf2_hmac(
            self.digest, password, self.salt, self.iterations, len(self.derived)
        )
        return hmac.compare_digest(derived, self.derived)


@dataclass(frozen=True, slots=True)
class Scrypt:
    """scrypt (RFC 7914) with 2**`log_cost` blocks; its normal form is that of Passlib."""

    log_cost: int
    block_size: int
    parallelism: int
    salt: bytes
    derived: bytes

    @property
    def excess(self) -> str | None:
        blocks = max(1 << min(self.log_cost, 64), self.parallelism)
        memory_kib = self.block_size * blocks // 8
        return _excess("KiB of memory", memory_kib, MAXIMUM_MEMORY_KIB) or _excess(
            "parallel lanes", self.parallelism, MAXIMUM_PARALLELISM
        )

    @property
    def normal_form(self) -> str:
        parameters = f"ln={self.log_cost},r={self.block_size},p={self.parallelism}"
        return f"$scrypt${parameters}${_unpadded(self.salt)}${_unpadded(self.derived)}"

    def matches(self, password: bytes) -> bool:
        cost = 1 << self.log_cost
        derived = hashlib.scrypt(
            password,
            salt=self.salt,
            n=cost,
            r=self.block_size,
            p=self.parallelism,
            maxmem=128 * self.block_size * (cost + self.parallelism + 2),
            dklen=len(self.derived),
        )
        return hmac.compare_digest(derived, self.derived)


@dataclass(frozen=True, slots=True)
class Bcrypt:
    """bcrypt, of the password or, as in Django, of the hexadecimal SHA-256 digest of it.

    A password that is longer than bcrypt reads, or that has a NUL, at which other implementations
    stop, matches no hash: so would every other password that begins with the same bytes.
    """

    text: str
    cost: int
    is_of_digest: bool = False

    @property
    def excess(self) -> str | None:
        return _excess("cost", self.cost, MAXIMUM_BCRYPT_COST)

    @property
    def normal_form(self) -> str:
        return f"bcrypt_sha256${self.text}" if self.is_of_digest else self.text

    def matches(self, password: bytes) -> bool:
        import bcrypt  # imported late: only servers with imported users need it

        if self.is_of_digest:
            password = hashlib.sha256(password).hexdigest().encode()
        if len(password) > BCRYPT_BYTES or b"\0" in password:
            return False
        return bcrypt.checkpw(password, self.text.encode())


@dataclass(frozen=True, slots=True)
class Argon2:
    """Argon2i or Argon2id (RFC 9106) in the encoding of its reference implementation."""

    variant: str
    version: int
    memory_kib: int
    time_cost: int
    parallelism: int
    salt: bytes
    derived: bytes

    def __post_init__(self) -> None:
        is_valid = (
            self.variant in ARGON2_TYPES
            and self.memory_kib >= ARGON2_KIB_PER_LANE * self.parallelism
            and len(self.salt) >= SHORTEST_ARGON2_SALT
        )
        if not is_valid:
            raise unsupported()

    @property
    def excess(self) -> str | None:
        return (
            _excess("KiB of memory", self.memory_kib, MAXIMUM_MEMORY_KIB)
            or _excess("passes", self.time_cost, MAXIMUM_ARGON2_TIME_COST)
            or _excess("parallel lanes", self.parallelism, MAXIMUM_PARALLELISM)
        )

    @property
    def normal_form(self) -> str:
        parameters = f"m={self.memory_kib},t={self.time_cost},p={self.parallelism}"
        parts = f"{_unpadded(self.salt)}${_unpadded(self.derived)}"
        return f"$argon2{self.variant}$v={self.version}${parameters}${parts}"

    def matches(self, password: bytes) -> bool:
        try:
            return verify_secret(self.normal_form.encode(), password, ARGON2_TYPES[self.variant])
        except Argon2Error:
            return False


def _excess(what: str, value: int, maximum: int) -> str | None:
    return f"{what}: {value}, at most {maximum}" if value > maximum else None


def _unpadded(value: bytes) -> str:
    """Return the base64 text of a value without padding (RFC 4648 section 4)."""
    return b64encode(value).decode("ascii").rstrip("=")
