"""Blocked hosts in the admin API."""

import pytest

from tests.support.admin_api import ADMIN_TOKEN, AdminApi, all_pages

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}


async def test_hosts_are_blocked_listed_and_unblocked(api: AdminApi) -> None:
    """Blocking twice is no error; names are compared in lower case"""
    answers = [await api.put(f"/blocked-hosts/{host}") for host in ("A.example", "a.example")]
    await api.put("/blocked-hosts/b.example")
    listed = await all_pages(api, "/blocked-hosts", limit=1)
    deleted = await api.delete("/blocked-hosts/a.example")
    again = await api.delete("/blocked-hosts/a.example")

    assert [answer.status_code for answer in answers] == [204, 204]
    assert [each["host"] for each in listed] == ["a.example", "b.example"]
    assert (deleted.status_code, again.status_code) == (204, 404)
    assert again.json()["error"] == "host_not_blocked"


@pytest.mark.parametrize("host", ["-a.example", "a..example", "..."])
async def test_what_cannot_be_a_host_is_refused(api: AdminApi, host: str) -> None:
    answer = await api.put(f"/blocked-hosts/{host}")

    assert answer.status_code == 422
