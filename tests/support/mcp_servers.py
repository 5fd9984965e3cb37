"""An MCP server and its authorization server for `postern mcp check`, each right until changed."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

RESOURCE_METADATA = "/.well-known/oauth-protected-resource/mcp"
OAUTH_METADATA = "/.well-known/oauth-authorization-server"
OPENID_METADATA = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    more_headers: Mapping[str, str] = field(default_factory=dict)
    """Sent after the others, also under the same names."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


class McpServers:
    """Both servers on one port below `host`; `replies` replace what is right."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.clients: dict[str, dict[str, Any]] = {}
        self.replies: dict[tuple[str, str], Reply] = {}
        self.resource: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.accepts_any_token = False
        self.authorization_error: str | None = None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self.issuer = f"http://localhost:{self.server.server_port}"
        self.url = f"{self.origin}/mcp"
        self.other_challenge: str | None = None
        self.challenge: str | None = f'Bearer resource_metadata="{self.origin}{RESOURCE_METADATA}"'
        self.resource = {
            "resource": self.url,
            "authorization_servers": [self.issuer],
            "scopes_supported": ["read"],
            "bearer_methods_supported": ["header"],
        }
        self.metadata = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "registration_endpoint": f"{self.issuer}/register",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            "authorization_response_iss_parameter_supported": True,
            "client_id_metadata_document_supported": True,
        }

    def answer(self, request: Request) -> Reply:
        self.seen.append(request)
        key = (request.method, request.path)
        if key in self.replies:
            return self.replies[key]
        if key == ("POST", "/mcp"):
            return self._mcp(request)
        if key == ("GET", RESOURCE_METADATA):
            return Reply(body=self.resource)
        if key in (("GET", OAUTH_METADATA), ("GET", OPENID_METADATA)):
            return Reply(body=self.metadata)
        if key == ("POST", "/register"):
            return self._register(request)
        if key == ("GET", "/authorize"):
            return self._authorize(request)
        if request.method == "DELETE":
            return self._delete(request)
        return Reply(404)

    def _mcp(self, request: Request) -> Reply:
        if self.accepts_any_token and "authorization" in request.headers:
            return Reply(body={"jsonrpc": "2.0", "id": 1, "result": {}})
        headers = {"WWW-Authenticate": self.challenge} if self.challenge is not None else {}
        more = {"WWW-Authenticate": self.other_challenge} if self.other_challenge else {}
        return Reply(401, headers=headers, more_headers=more)

    def _register(self, request: Request) -> Reply:
        client_id = f"client-{len(self.clients)}"
        client = {
            **json.loads(request.body),
            "client_id": client_id,
            "registration_client_uri": f"{self.issuer}/register/{client_id}",
            "registration_access_token": f"registration-{client_id}",
        }
        self.clients[client_id] = client
        return Reply(201, client)

    def _authorize(self, request: Request) -> Reply:
        if request.query["client_id"][0] not in self.clients:
            return Reply(400)
        if self.authorization_error is None:
            return Reply(303, headers={"Location": f"{self.issuer}/login"})
        response = {"error": self.authorization_error, "iss": self.issuer}
        location = f"{request.query['redirect_uri'][0]}?{urlencode(response)}"
        return Reply(303, headers={"Location": location})

    def _delete(self, request: Request) -> Reply:
        client = self.clients.get(request.path.rpartition("/")[2])
        expected = f"Bearer {client['registration_access_token']}" if client else None
        if expected is None or request.headers.get("authorization") != expected:
            return Reply(401)
        del self.clients[request.path.rpartition("/")[2]]
        return Reply(204)


def _handler(servers: McpServers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            target = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            request = Request(self.command, target.path, parse_qs(target.query), headers, body)
            reply = servers.answer(request)
            content = b"" if reply.body is None else json.dumps(reply.body).encode()
            if isinstance(reply.body, str):
                content = reply.body.encode()
            self.send_response(reply.status)
            for name, value in (*reply.headers.items(), *reply.more_headers.items()):
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the names of http.server

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            pass

    return Handler


@contextmanager
def running_mcp_servers() -> Iterator[McpServers]:
    servers = McpServers()
    thread = threading.Thread(target=servers.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield servers
    finally:
        servers.server.shutdown()
        servers.server.server_close()
        thread.join()
