"""Parse and check the values of settings."""

import os
import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

WELL_KNOWN_SECRETS = (
    "changeme",
    "change-me",
    "secret",
    "password",
    "example",
    "default",
    "dev-key",
)
_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def sqlite_path(url: str) -> Path | None:
    """Return the file of a SQLite URL, or None for PostgreSQL and for an in-memory database."""
    scheme, _, rest = url.partition("://")
    if not scheme.startswith("sqlite"):
        return None
    name = rest.partition("?")[0].removeprefix("/")
    return Path(name) if name and name != ":memory:" else None


def has_numeric_ports(address: str) -> bool:
    """Return whether the port of each host is a number.

    `address` is `user:password@host:port,host:port/database?…`, with IPv6 hosts in brackets.
    """
    hosts = address.partition("?")[0].rpartition("@")[2].partition("/")[0].split(",")
    ports = [host.rpartition("]")[2].partition(":") for host in hosts]
    return all(port.isdigit() or not colon for _, colon, port in ports)


def is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an invalid port
        return False


def is_host_name(value: str) -> bool:
    """Return whether a value is a host name in ASCII (RFC 1123 section 2.1)."""
    return len(value) <= 253 and _HOST_NAME.fullmatch(value) is not None


def is_weak(value: str, minimum: int) -> bool:
    lower_case = value.lower()
    is_too_uniform = len(set(value)) < 10
    return (
        len(value) < minimum
        or is_too_uniform
        or any(word in lower_case for word in WELL_KNOWN_SECRETS)
    )


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_utf8(value: str) -> bool:
    """Return False for a value that was not valid UTF-8 in the environment."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def is_text_file(file: Path) -> bool:
    """Return whether a file is text in UTF-8."""
    try:
        file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return True


def describe_database(url: str) -> str:
    """Return the type and location of the database, without user and password."""
    path = sqlite_path(url)
    if path is not None:
        return f"SQLite, {path}"
    address = url.partition("://")[2].partition("?")[0]
    return f"PostgreSQL, {address.rpartition('@')[2]}"


def holds_certificates(file: Path) -> bool:
    """Return whether a file has at least one certificate in PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=str(file))
    except (ssl.SSLError, OSError, ValueError):
        return False
    return context.cert_store_stats()["x509"] > 0
