"""A provider for FastMCP that writes the issuer byte for byte."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from fastmcp.server.auth import AccessToken as FastMCPToken
from fastmcp.server.auth import MultiAuth, RemoteAuthProvider, TokenVerificationError
from fastmcp.server.auth import TokenVerifier as FastMCPVerifier
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from postern_kit.asgi import IssuerErrorMiddleware
from postern_kit.issuers import IssuerError
from postern_kit.refusals import Refusal
from postern_kit.resource_server import ResourceServer


class PosternProvider(RemoteAuthProvider):  # type: ignore[misc, unused-ignore]  # may be absent
    """Protect a FastMCP server: `FastMCP("Reports", auth=PosternProvider(server))`.

    Strict clients compare the issuer byte for byte. FastMCP's own provider adds a slash to an
    issuer that it gets as a URL. `required_scopes` are needed for every request. Clients request
    the `challenge_scopes`, or else the required ones: FastMCP has no step-up for a single tool.

    Tokens that are bound to a key are refused: FastMCP passes the proof to no verifier. While the
    issuer does not respond, requests get 503.
    """

    def __init__(
        self,
        server: ResourceServer,
        *,
        required_scopes: Sequence[str] = (),
        challenge_scopes: Sequence[str] | None = None,
    ) -> None:
        parts = urlsplit(server.resource)
        metadata = server.metadata()
        super().__init__(
            token_verifier=_Verifier(server, required_scopes),
            authorization_servers=[],
            base_url=f"{parts.scheme}://{parts.netloc}",
            scopes_supported=list(metadata.get("scopes_supported", required_scopes)),
            challenge_scopes=None if challenge_scopes is None else list(challenge_scopes),
        )
        self._server = server

    def get_routes(self, mcp_path: str | None = None) -> list[Route]:
        """Return the route of the metadata; it is of the resource, wherever FastMCP is mounted."""
        self.set_mcp_path(mcp_path)

        async def metadata(request: Request) -> JSONResponse:
            document = self._server.metadata()
            document.pop("dpop_signing_alg_values_supported")
            return JSONResponse(document, headers={"Access-Control-Allow-Origin": "*"})

        return [Route(self._server.metadata_path, metadata, methods=["GET"])]

    def get_middleware(self) -> list[Middleware]:
        """Return the middleware of FastMCP, inside one that responds while the issuer is down."""
        return [Middleware(IssuerErrorMiddleware, server=self._server), *super().get_middleware()]


class PosternMultiAuth(MultiAuth):  # type: ignore[misc, unused-ignore]  # as above
    """`MultiAuth` that responds with 503 while an issuer of its `PosternProvider` does not respond.

    That is so only for tokens that no other source accepts. FastMCP's own class responds with 500.
    """

    def get_middleware(self) -> list[Middleware]:
        """Return the middleware of FastMCP, inside that of the first Postern source, if any."""
        sources = [self.server, *self.verifiers]
        verifiers = [getattr(each, "token_verifier", each) for each in sources]
        servers = [each.resource_server for each in verifiers if isinstance(each, _Verifier)]
        own = [Middleware(IssuerErrorMiddleware, server=each) for each in servers[:1]]
        return [*own, *super().get_middleware()]


class _UnavailableError(IssuerError, TokenVerificationError):  # type: ignore[misc, unused-ignore]
    """The same error in FastMCP's terms, so that its `MultiAuth` tries the next provider."""


class _Verifier(FastMCPVerifier):  # type: ignore[misc, unused-ignore]  # as above
    """Verify tokens as the resource server does."""

    def __init__(self, server: ResourceServer, required_scopes: Sequence[str]) -> None:
        super().__init__(required_scopes=list(required_scopes))
        self.resource_server = server

    async def verify_token(self, token: str) -> FastMCPToken | None:
        try:
            verified = await self.resource_server.verifier.verify(token)
        except Refusal:
            return None
        except IssuerError as error:
            raise _UnavailableError(str(error)) from error
        if verified.is_bound:
            return None
        return FastMCPToken(
            token=token,
            client_id=verified.client_id or "",
            scopes=sorted(self.resource_server.effective_scopes(verified)),
            expires_at=int(verified.expires_at),
            resource=self.resource_server.resource,
            subject=verified.subject,
            claims=dict(verified.claims),
        )
