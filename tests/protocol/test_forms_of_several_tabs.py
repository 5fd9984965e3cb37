"""Forms of a fresh browser whose tabs each got a cookie: the later one replaced the earlier."""

import pytest

from tests.support.application import TestUser
from tests.support.visitor import Form, Visitor, text_of

SAME_ORIGIN = ({"sec-fetch-site": "same-origin"}, {"origin": "http://localhost:5000"})


@pytest.mark.parametrize("said", SAME_ORIGIN, ids=str)
async def test_two_responses_that_each_set_the_cookie_leave_both_forms_usable(
    user: TestUser, visitor: Visitor, said: dict[str, str]
) -> None:
    """SECURITY_BAR row 30: the browser says that our own page sent the form"""
    first = await visitor.get("/login")
    visitor.http.cookies.clear()
    second = await visitor.get("/login")
    given = {"username": user.username, "password": user.password}

    for page in (first, second, first):
        fields = {**Form(page.text).forms[0][1], **given}
        answer = await visitor.http.post("/login", data=fields, headers=said)

        assert answer.headers["location"] == "/login/otp"
        assert (await visitor.get("/login/otp")).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://localhost:5000"},
        {"sec-fetch-site": "none"},
        {"origin": "http://localhost:5001"},
        {"origin": "null"},
    ],
    ids=str,
)
async def test_a_form_of_a_replaced_cookie_requires_same_origin_headers(
    visitor: Visitor, said: dict[str, str]
) -> None:
    """SECURITY_BAR row 30"""
    first = await visitor.get("/login")
    visitor.http.cookies.clear()
    await visitor.get("/login")

    answer = await visitor.http.post("/login", data=Form(first.text).forms[0][1], headers=said)

    assert answer.status_code == 403


@pytest.mark.parametrize("token", ["", "0" * 64, "0" * 64 + "a" * 32, "é" * 80, "x"])
@pytest.mark.parametrize("said", SAME_ORIGIN, ids=str)
async def test_an_invalid_csrf_token_is_refused_even_with_same_origin_headers(
    visitor: Visitor, token: str, said: dict[str, str]
) -> None:
    await visitor.get("/login")

    answer = await visitor.http.post("/login", data={"csrf_token": token}, headers=said)

    assert answer.status_code == 403


async def test_a_browser_without_cookies_reads_that_they_are_blocked(visitor: Visitor) -> None:
    page = await visitor.get("/login")
    visitor.http.cookies.clear()

    answer = await visitor.http.post(
        "/login", data=Form(page.text).forms[0][1], headers=SAME_ORIGIN[0]
    )

    assert answer.status_code == 403
    assert "cookies are blocked for this site." in text_of(answer)
