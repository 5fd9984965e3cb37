"""What a check finds: what is wrong, which side has to change, and how."""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """The side that has to change."""

    MCP_SERVER = "mcp_server"
    AUTHORIZATION_SERVER = "authorization_server"
    NETWORK = "network"


class Result(StrEnum):
    """The result of a check; a warning concerns only some clients."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem, and how to fix it."""

    side: Side
    problem: str
    fix: str
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that ran, or was skipped because an earlier one failed."""

    name: str
    result: Result
    findings: tuple[Finding, ...] = ()
