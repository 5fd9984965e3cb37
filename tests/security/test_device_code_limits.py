"""Guessing the code of a waiting device (RFC 8628 section 5.1)."""

import pytest

from app.oauth.device import ALPHABET
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.callers import calling_from
from tests.support.visitor import Visitor, text_of

pytestmark = pytest.mark.both_databases

FREE = 20


def a_code(number: int) -> str:
    return ALPHABET[number % len(ALPHABET)] * 4 + ALPHABET[number // len(ALPHABET)] * 4


async def guess(visitor: Visitor, number: int) -> int:
    page = await visitor.get("/device")
    answer = await visitor.submit(page, to="/device", user_code=a_code(number))
    return answer.status_code


async def test_after_twenty_wrong_codes_an_ip_is_rate_limited(visitor: Visitor) -> None:
    """SECURITY_BAR row 50; RFC 8628 section 5.1"""
    statuses = [await guess(visitor, number) for number in range(FREE + 1)]

    assert statuses == [400] * FREE + [429]


async def test_every_endpoint_that_accepts_a_user_code_shares_one_count(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 50"""
    app = await start_app()
    html = {"accept": "text/html"}
    for number in range(FREE):
        path = "/device" if number % 2 else "/device/qr"
        await app.http.get(path, params={"user_code": a_code(number)}, headers=html)

    by_link = await app.http.get("/device", params={"user_code": a_code(99)}, headers=html)
    picture = await app.http.get("/device/qr", params={"user_code": a_code(99)})

    assert (by_link.status_code, picture.status_code) == (429, 429)
    assert int(by_link.headers["retry-after"]) > 0
    assert "Too many attempts." in text_of(by_link)


async def test_a_malformed_code_does_not_count_as_a_guess(visitor: Visitor) -> None:
    """people mistype"""
    page = await visitor.get("/device")
    for _ in range(FREE + 5):
        page = await visitor.submit(page, to="/device", user_code="not a code")
        assert page.status_code == 400


async def test_each_ip_has_separate_attempts(app: Application) -> None:
    """SECURITY_BAR row 23"""
    for number in range(FREE + 1):
        await app.http.get("/device/qr", params={"user_code": a_code(number)})

    async with calling_from(app, app.new_address()) as other:
        answer = await other.http.get("/device/qr", params={"user_code": a_code(7)})

    assert answer.status_code == 404
