"""The outermost ASGI application, which every request passes, and the fast lane.

It sets the request id, applies the body limit and the security headers, writes the log line and
catches all errors, once for both lanes. The fast lane calls the hot endpoints directly; everything
else goes to FastAPI, which declares the hot endpoints too, so that the same functions handle them
when the fast lane is off.
HEAD is handled as GET, and the server omits the body (RFC 9110 section 9.3.2). Pages, whose GET may
have an effect, respond to HEAD without it.
"""

import itertools
import secrets
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from app.concurrency import deadline
from app.concurrency.deadline import UNKNOWN_CONNECTION
from app.errors import NotFoundError, PosternError
from app.middleware.body_limit import BodyReader, ClientGoneError, replaying
from app.middleware.client_certificates import ForwardedCertificate
from app.middleware.cors import Cors
from app.middleware.forwarded import ForwardedFor
from app.middleware.http import (
    CALLER_CONNECTION,
    IS_HEAD,
    WHOLE_RESPONSE,
    AsgiApp,
    Endpoint,
    Headers,
    HttpRequest,
    HttpResponse,
    Message,
    Receive,
    RenderError,
    Scope,
    Send,
    WholeResponse,
)
from app.middleware.security_headers import SecurityHeaders
from app.observability import refusals, request_context
from app.observability.access_log import AccessLog
from app.observability.logging import logger
from app.observability.refusals import REFUSAL, RefusedRequest
from app.startup_errors import NO_THREAD, is_exhaustion

log = logger(__name__)


class RequestIds:
    """Generator of request ids that no other process and no later start uses.

    An id is a random prefix and a counter.
    """

    def __init__(self) -> None:
        self._prefix: Final = secrets.token_hex(5)
        self._numbers = itertools.count(1)

    def next(self) -> str:
        return f"{self._prefix}{next(self._numbers):06x}"


class HeaderInjector:
    """A `send` for FastAPI's responses that adds the headers of every response."""

    def __init__(
        self,
        *,
        send: Send,
        security_headers: SecurityHeaders,
        request_id: str,
        extra_headers: Headers,
    ) -> None:
        self._send = send
        self._extra_headers = extra_headers
        self._security_headers = security_headers
        self._request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._security_headers.added_to(
                [*message["headers"], *self._extra_headers], request_id=self._request_id
            )
        await self._send(message)


class PosternApp:
    """The ASGI application that the server calls.

    `database_seconds` is the time limit for all database steps of a request, from the arrival of
    its body. `on_refusal` is called for each refused request, after its response.
    """

    def __init__(
        self,
        application: AsgiApp,
        *,
        fast_lane: Mapping[tuple[str, str], Endpoint],
        forwarded_for: ForwardedFor | None,
        forwarded_certificate: ForwardedCertificate | None,
        body_reader: BodyReader,
        security_headers: SecurityHeaders,
        cors: Cors,
        access_log: AccessLog | None,
        on_refusal: Callable[[RefusedRequest], None],
        render_error: RenderError,
        database_seconds: float,
    ) -> None:
        self._application = application
        self._with_lifespan = application
        self._fast_lane = fast_lane
        self._forwarded_for = forwarded_for
        self._forwarded_certificate = forwarded_certificate
        self._body_reader = body_reader
        self._security_headers = security_headers
        self._cors = cors
        self._access_log = access_log
        self._on_refusal = on_refusal
        self._render_error = render_error
        self._database_seconds = database_seconds
        self._request_ids = RequestIds()

    def answer_by(self, stand_in: AsgiApp) -> Callable[[], None]:
        """Let another application handle every request; return a function that undoes it."""
        original = self._application, self._fast_lane
        self._application, self._fast_lane = stand_in, {}

        def undo() -> None:
            self._application, self._fast_lane = original

        return undo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                await self._exchange(scope, receive, send)
            finally:
                deadline.end()
        elif scope["type"] == "lifespan":
            await self._with_lifespan(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request and send its response."""
        started_at = time.perf_counter()
        request_id = self._request_ids.next()
        slow_lane = None
        extra_headers: Headers = ()
        peer = scope.get("client")
        if self._forwarded_for is not None:
            self._forwarded_for.apply(scope)
        scope["request_id"] = request_id
        request_context.answer_to(scope)
        extensions = scope.get("extensions") or {}
        connection = extensions.get(CALLER_CONNECTION, UNKNOWN_CONNECTION)
        deadline.begin(started_at + self._database_seconds, connection)
        try:
            if self._forwarded_certificate is not None:
                self._forwarded_certificate.apply(scope, peer)
            if scope["path"].endswith("\n"):  # `$` in a route's pattern matches before it
                raise NotFoundError
            extra_headers = await self._cors.headers_for(scope)
            body = self._body_reader.read_at_once(scope)
            if body is None:
                body = await self._body_reader.read(scope, receive)
            routed_scope = scope
            if scope["method"] == "HEAD":
                routed_scope = {**scope, "method": "GET", IS_HEAD: True}
            endpoint = self._fast_lane.get((routed_scope["method"], routed_scope["path"]))
            if endpoint is not None:
                response = await endpoint(HttpRequest.of(routed_scope, body))
                status = await self._send_whole(response, scope, send, request_id, extra_headers)
            elif (preflight := self._cors.preflight(scope, extra_headers)) is not None:
                status = await self._send_whole(preflight, scope, send, request_id, extra_headers)
            else:
                slow_lane = HeaderInjector(
                    send=send,
                    security_headers=self._security_headers,
                    request_id=request_id,
                    extra_headers=extra_headers,
                )
                await self._application(routed_scope, replaying(body, receive), slow_lane.send)
                status = slow_lane.status
        except ClientGoneError:
            return
        except Exception as error:
            if isinstance(error, PosternError):
                pass  # expected: logged below as a refusal
            elif is_exhaustion(error):
                log.warning("request %s failed: %s", request_id, NO_THREAD)
            else:
                log.error("request %s failed", request_id, exc_info=error)
            if slow_lane is not None and slow_lane.status:
                status = slow_lane.status  # the response has started
            else:
                response = self._render_error(error, scope["path"])
                status = await self._send_whole(response, scope, send, request_id, extra_headers)
        if status >= HTTPStatus.BAD_REQUEST or REFUSAL in scope:
            self._on_refusal(refusals.write(scope, status=status, request_id=request_id))
        if self._access_log is not None:
            seconds = time.perf_counter() - started_at
            self._access_log.write(scope, status=status, seconds=seconds, request_id=request_id)

    async def _send_whole(
        self,
        response: HttpResponse,
        scope: Scope,
        send: Send,
        request_id: str,
        extra_headers: Headers,
    ) -> int:
        """Send a complete response and return its status."""
        status, body, own_headers = response
        if extra_headers:
            own_headers = (*own_headers, *extra_headers)
        extension = (scope.get("extensions") or {}).get(WHOLE_RESPONSE)
        if extension is not None:
            send_at_once: WholeResponse = extension["send"]
            header_lines = self._security_headers.lines(own_headers, request_id=request_id)
            if header_lines is not None and send_at_once(scope, status, header_lines, body):
                return status
        headers = self._security_headers.added_to(own_headers, request_id=request_id)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
        return status
