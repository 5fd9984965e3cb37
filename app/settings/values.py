"""What values of settings are made of."""

import os
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


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; None for PostgreSQL and for a database in memory."""
    scheme, _, rest = url.partition("://")
    if not scheme.startswith("sqlite"):
        return None
    name = rest.partition("?")[0].removeprefix("/")
    return Path(name) if name and name != ":memory:" else None


def has_numeric_ports(address: str) -> bool:
    """Of `user:password@host:port,host:port/database?…`, where an IPv6 host stands in brackets."""
    hosts = address.partition("?")[0].rpartition("@")[2].partition("/")[0].split(",")
    ports = [host.rpartition("]")[2].partition(":") for host in hosts]
    return all(port.isdigit() or not colon for _, colon, port in ports)


def is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        return False


def is_weak(value: str, minimum: int) -> bool:
    lowered = value.lower()
    too_plain = len(set(value)) < 10
    return len(value) < minimum or too_plain or any(word in lowered for word in WELL_KNOWN_SECRETS)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_utf8(value: str) -> bool:
    """False for what the environment held in bytes that are no text."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def describe_database(url: str) -> str:
    """Which database it is, without user and password."""
    path = sqlite_path(url)
    if path is not None:
        return f"SQLite, {path}"
    address = url.partition("://")[2].partition("?")[0]
    return f"PostgreSQL, {address.rpartition('@')[2]}"


def holds_certificates(file: Path) -> bool:
    """Whether a file has at least one certificate in PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=str(file))
    except (ssl.SSLError, OSError, ValueError):
        return False
    return context.cert_store_stats()["x509"] > 0
