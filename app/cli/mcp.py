"""`postern mcp …`: check an MCP server, and protect one."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from app.cli.mcp_protect import protect
from app.cli.outcomes import EXIT_REFUSED
from app.cli.parameters import AsJson, argument
from app.cli.parsing import Commands
from app.errors import InvalidInputError

if TYPE_CHECKING:
    from app.cli.mcp_checks.findings import Checked

SIDES = {
    "mcp_server": "MCP server",
    "authorization_server": "Authorization server",
    "network": "Network",
}

cli = Commands("mcp", help="Check MCP servers, and protect them.")
cli.command("protect")(protect)


@cli.command("check")
def check(
    url: Annotated[str, argument(metavar="URL", help="The URL that MCP clients call.")],
    *,
    as_json: AsJson = False,
) -> int:
    """Walk an MCP server as a client does, and say what is wrong and which side has to change.

    No secret is sent to the URL. A client that is registered for the check is deleted. The exit
    code is 1 if something is wrong; a warning, which concerns only some clients, doesn't count.
    """
    from app.cli.mcp_checks import check_mcp_server
    from app.cli.mcp_checks.addresses import is_web_address

    if not is_web_address(url):
        raise InvalidInputError("The URL must begin with https:// or http://, without a fragment.")
    results = check_mcp_server(url)
    is_ok = all(each.result != "wrong" for each in results)
    if as_json:
        print(json.dumps({"url": url, "is_ok": is_ok, "checks": _rows(results)}, indent=2))
    else:
        print("\n".join(_lines(results)))
    return 0 if is_ok else EXIT_REFUSED


def _rows(results: Sequence["Checked"]) -> list[dict[str, object]]:
    return [
        {
            "name": each.name,
            "result": each.result,
            "findings": [
                {
                    "severity": "warning" if finding.is_warning else "wrong",
                    "side": finding.side,
                    "problem": finding.problem,
                    "fix": finding.fix,
                }
                for finding in each.findings
            ],
        }
        for each in results
    ]


def _lines(results: Sequence["Checked"]) -> Iterator[str]:
    for each in results:
        yield f"{each.result:8} {each.name}"
        for finding in each.findings:
            yield f"         {_printable(finding.problem)}"
            yield f"         {SIDES[finding.side]}: {_printable(finding.fix)}"


def _printable(text: str) -> str:
    """Return a text without control characters: parts of it are what the servers sent."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
