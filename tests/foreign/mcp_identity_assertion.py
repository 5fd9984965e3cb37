"""An agent with the official SDK that redeems an identity assertion. Reads and prints JSON.

Runs in an environment of its own.
"""

import asyncio
import json
import sys
from typing import Any

from mcp import Client  # type: ignore[import-not-found]  # installed where this runs
from mcp.client.auth import OAuthTokenError  # type: ignore[import-not-found]  # as above
from mcp.client.auth.extensions.identity_assertion import (  # type: ignore[import-not-found]  # as above
    IdentityAssertionOAuthProvider,
)
from mcp.client.streamable_http import (  # type: ignore[import-not-found]  # as above
    create_mcp_http_client,
    streamable_http_client,
)

GIVEN = json.load(sys.stdin)
SAID: dict[str, Any] = {}


class Storage:
    """Keeps the tokens to say what they are."""

    async def get_tokens(self) -> None:
        return None

    async def set_tokens(self, tokens: Any) -> None:
        SAID["tokens"] = tokens.model_dump(mode="json", exclude_none=True)

    async def get_client_info(self) -> None:
        return None

    async def set_client_info(self, client_info: Any) -> None:
        pass


async def assertion(audience: str, resource: str) -> str:
    SAID["asked"] = [audience, resource, "notes:read"]
    return str(GIVEN["assertion"])


async def main() -> None:
    auth = IdentityAssertionOAuthProvider(
        server_url=GIVEN["server"],
        storage=Storage(),
        **GIVEN["client"],
        issuer=GIVEN["issuer"],
        assertion_provider=assertion,
        scope="notes:read",
        token_endpoint_auth_method="client_secret_basic",
    )
    try:
        async with (
            create_mcp_http_client(auth=auth) as http,
            Client(streamable_http_client(GIVEN["server"], http_client=http)) as client,
        ):
            result = await client.call_tool("read_notes", {})
            SAID["text"] = result.content[0].text
    except* OAuthTokenError as errors:
        SAID["error"] = _text_of(errors)
    sys.stdout.write(json.dumps(SAID))


def _text_of(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


asyncio.run(main())
