"""The walk: the checks in their order, with what the earlier ones learned."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.cli.mcp_checks.fetching import Fetcher, UnreachableError
from app.cli.mcp_checks.findings import Checked, Finding, Result, Side

Document = Mapping[str, Any]


@dataclass(slots=True)
class Walk:
    """What is known so far of an MCP server and its authorization server."""

    url: str
    http: Fetcher
    challenge: Mapping[str, str] | None = None
    """Parameters of the Bearer challenge; empty if there are none."""
    resource_metadata: Document | None = None
    issuer: str | None = None
    """As the authorization server writes it."""
    server_metadata: Document | None = None
    registration_endpoint: str | None = None
    client: Document | None = None
    """The client that was registered for the walk."""
    is_client_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """A check, and the part of the walk without which it is skipped."""

    name: str
    run: Callable[[Walk], Iterator[Finding]]
    needs: str | None = None


def walk_through(walk: Walk, checks: Sequence[Check]) -> list[Checked]:
    """Run the checks in their order and return their results."""
    return [_checked(walk, check) for check in checks]


def _checked(walk: Walk, check: Check) -> Checked:
    if check.needs is not None and getattr(walk, check.needs) is None:
        return Checked(check.name, Result.SKIPPED)
    findings: list[Finding] = []
    try:
        findings.extend(check.run(walk))
    except UnreachableError as error:
        findings.append(
            Finding(
                Side.NETWORK,
                f"There is no response: {error}.",
                "Check that the address is right, that the server runs, and that this machine"
                " reaches it.",
            )
        )
    return Checked(check.name, _result_of(findings), tuple(findings))


def _result_of(findings: Sequence[Finding]) -> Result:
    if not findings:
        return Result.OK
    return Result.WARNING if all(each.is_warning for each in findings) else Result.WRONG
