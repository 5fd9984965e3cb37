"""The admin API as its callers use it."""

from typing import Any

import httpx

from tests.support.application import Application

ADMIN_TOKEN = "the-token-of-the-administrator-8fJ2kQ"
PREFIX = "/admin/api/v1"
MERGE_PATCH = "application/merge-patch+json"


class AdminApi:
    """Requests to the admin API with one token, or with none."""

    def __init__(self, app: Application, token: str | None = ADMIN_TOKEN) -> None:
        self._app = app
        self._headers = {"Authorization": f"Bearer {token}"} if token is not None else {}

    async def request(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        url = path if path.startswith(PREFIX) else PREFIX + path
        return await self._app.http.request(
            method, url, headers={**self._headers, **(headers or {})}, **options
        )

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.request("GET", path, params=query)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.request("POST", path, json=body)

    async def put(self, path: str) -> httpx.Response:
        return await self.request("PUT", path)

    async def patch(
        self, path: str, changes: Any, *, etag: str | None = "*", kind: str = MERGE_PATCH
    ) -> httpx.Response:
        headers = {"Content-Type": kind, **({"If-Match": etag} if etag is not None else {})}
        return await self.request("PATCH", path, json=changes, headers=headers)

    async def delete(self, path: str, *, etag: str | None = None) -> httpx.Response:
        headers = {"If-Match": etag} if etag is not None else {}
        return await self.request("DELETE", path, headers=headers)


async def all_pages(api: AdminApi, path: str, **query: Any) -> list[dict[str, Any]]:
    """Follow the cursors of a list to its end."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        response = await api.get(path, **query, **cursor)
        assert response.status_code == 200, response.text
        body = response.json()
        items += body["items"]
        if body["next_cursor"] is None:
            return items
        cursor = {"cursor": body["next_cursor"]}


def pointers(response: httpx.Response) -> list[tuple[str, str]]:
    """Return the pointer and code of each error."""
    return [(each["pointer"], each["code"]) for each in response.json()["errors"]]
