"""The flow of authenticated requests, for httpx and httpx2, whose interfaces are the same."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from typing import Any

from postern_kit.client_credentials import ClientCredentials, TokenRequestError
from postern_kit.issuers import metadata_addresses


class ClientCredentialsFlow:
    """Get a token when one is required, send it, and renew it once if it is refused with 401.

    Requests that run at the same time share one token request.
    """

    requires_request_body = False
    requires_response_body = False
    request_type: Any
    """`Request` of the library."""

    def __init__(self, credentials: ClientCredentials) -> None:
        self._credentials = credentials
        self._thread_lock = threading.Lock()
        self._task_lock = asyncio.Lock()

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
        token = self._credentials.token
        if token is None:
            token = yield from self._new_token_in_thread()
        response = yield _authorized(request, token)
        if response.status_code == 401:
            self._credentials.forget(token)
            token = self._credentials.token or (yield from self._new_token_in_thread())
            yield _authorized(request, token)

    def _new_token_in_thread(self) -> Generator[Any, Any, str]:
        with self._thread_lock:
            token = self._credentials.token
            if token is not None:
                return token
            steps = self._steps()
            each = next(steps)
            while True:
                response = yield each
                response.read()
                try:
                    each = steps.send(response)
                except StopIteration as end:
                    return str(end.value)

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        for is_last in (False, True):
            token = self._credentials.token
            if token is None:
                async with self._task_lock:
                    token = self._credentials.token
                    if token is None:
                        steps = self._steps()
                        each = next(steps)
                        while token is None:
                            response = yield each
                            await response.aread()
                            try:
                                each = steps.send(response)
                            except StopIteration as end:
                                token = str(end.value)
            response = yield _authorized(request, token)
            if response.status_code != 401 or is_last:
                return
            self._credentials.forget(token)

    def _steps(self) -> Generator[Any, Any, str]:
        """Yield the requests that are needed for a token, and return the token."""
        credentials = self._credentials
        if credentials.token_endpoint is None:
            credentials.token_endpoint = yield from self._discovery()
        body, headers = credentials.request()
        response = yield self.request_type(
            "POST", credentials.token_endpoint, content=body, headers=headers
        )
        return credentials.accept(response.status_code, _json_of(response))

    def _discovery(self) -> Generator[Any, Any, str]:
        issuer = self._credentials.issuer
        for address in metadata_addresses(issuer):
            response = yield self.request_type("GET", address)
            document = _json_of(response) if response.status_code == 200 else None
            if not isinstance(document, dict):
                continue
            endpoint = document.get("token_endpoint")
            if document.get("issuer") != issuer or not isinstance(endpoint, str):
                raise TokenRequestError(f"{address} is not the metadata of {issuer}")
            return endpoint
        raise TokenRequestError(f"{issuer} publishes no metadata")


def _authorized(request: Any, token: str) -> Any:
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def _json_of(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
