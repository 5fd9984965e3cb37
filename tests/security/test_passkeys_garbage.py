"""Whatever is sent in the place of a passkey is refused (SECURITY_BAR row 44: never a 500)."""

from typing import Any

import cbor2
import httpx
import pytest

from tests.support.account import stored
from tests.support.application import Application, TestUser
from tests.support.parts import services_of
from tests.support.passkeys import (
    ALONE,
    ATTESTED,
    MINE,
    PRESENT,
    SECOND,
    VERIFIED,
    Passkey,
    base64url,
    enrol,
    give,
    is_refused,
    options_from,
    password_given,
    sign_in_with,
    unbase64,
)
from tests.support.visitor import Visitor

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

GARBAGE = [
    "",
    "null",
    "[]",
    "{",
    "1e400",
    "9" * 5000,
    "[" * 15_000,
    '"\\ud800"',
    "{}",
    '{"response": []}',
    '{"response": {"clientDataJSON": 7}}',
    '{"response": {"clientDataJSON": "!!!"}}',
    '{"response": {"clientDataJSON": "bnVsbA"}}',
    '{"response": {"clientDataJSON": "e30"}}',
    '{"id": "x", "rawId": "\u2603", "response": {"clientDataJSON": "W10"}}',
]


def move(visitor: Visitor) -> None:
    """From now on he calls from an address that has no failures yet."""
    transport = visitor.http._transport
    assert isinstance(transport, httpx.ASGITransport)
    visitor.http._transport = httpx.ASGITransport(
        app=transport.app, raise_app_exceptions=False, client=(visitor.app.new_address(), 40_000)
    )


@pytest.mark.parametrize("path", [ALONE, SECOND, MINE, f"{MINE}/rename", f"{MINE}/remove"])
async def test_a_cross_site_form_is_refused(
    app: Application, owner: Visitor, user: TestUser, path: str
) -> None:
    """SECURITY_BAR row 30"""
    await enrol(owner)
    page = await owner.get(MINE)
    token = page.text.partition('name="csrf_token" value="')[2][:64]
    paths = (
        [path]
        if path.count("/") == 3 and path.startswith(f"{MINE}/")
        else [
            path,
            f"{path}/options",
        ]
    )

    for each in paths:
        assert (await owner.http.post(each, data={})).status_code == 403
        assert (await owner.http.post(each, data={"csrf_token": "0" * 64})).status_code == 403
        other_site = await owner.http.post(
            each, data={"csrf_token": token}, headers={"sec-fetch-site": "cross-site"}
        )
        assert other_site.status_code == 403
        assert (await owner.http.post(each, json={"csrf_token": token})).status_code == 403
    assert await services_of(app).factors.passkeys.count_of(await stored(app, user)) == 1


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
async def test_a_malformed_response_is_refused(
    owner: Visitor, stranger: Visitor, user: TestUser, garbage: str
) -> None:
    """SECURITY_BAR row 44: never a 500"""
    await enrol(owner)
    second = await password_given(stranger, user)

    assert is_refused(await give(stranger, await stranger.get("/login"), ALONE, garbage))
    assert is_refused(await give(stranger, second, SECOND, garbage))
    assert (await give(owner, await owner.get(MINE), MINE, garbage)).status_code == 400


@pytest.mark.slow
async def test_a_response_with_one_invalid_member_is_refused(
    owner: Visitor, stranger: Visitor
) -> None:
    """Every part of a right answer in the place of which something else stands"""
    passkey = await enrol(owner)
    login, mine = await stranger.get("/login"), await owner.get(MINE)
    right = passkey.get(await options_from(stranger, login, ALONE))
    new = Passkey().create(await options_from(owner, mine, MINE))
    spoilt: list[Any] = [None, 7, [], {}, "", "!", "AAAA", "\u2603", base64url(b"\x00" * 500)]

    for answer, visitor, page, action in (
        (right, stranger, login, ALONE),
        (new, owner, mine, MINE),
    ):
        for place in (answer, answer["response"]):
            move(visitor)
            for name in set(place) - {"response", "transports"}:
                for wrong in spoilt:
                    if name == "userHandle" and wrong is None and action == MINE:
                        continue
                    was, place[name] = place[name], wrong
                    refused = await give(visitor, page, action, answer)
                    place[name] = was
                    assert refused.status_code == 400, (action, name, wrong)
    assert (await give(stranger, login, ALONE, right)).is_redirect


@pytest.mark.parametrize(
    "key",
    [
        {1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32},  # no point of the curve
        {1: 2, 3: -47, -1: 8, -2: b"x" * 32, -3: b"y" * 32},  # ES256K
        {1: 3, 3: -257, -1: b"\xff" * 3000, -2: b"\x01\x00\x01"},  # longer than we keep
        {1: 2},
        {},
        7,
    ],
    ids=["no point", "ES256K", "long", "half", "empty", "number"],
)
async def test_an_unsupported_public_key_cannot_be_used_to_sign_in(
    app: Application, owner: Visitor, stranger: Visitor, key: object
) -> None:
    page = await owner.get(MINE)
    options = await options_from(owner, page, MINE)
    passkey = Passkey()
    answer = passkey.create(options)
    head = cbor2.loads(unbase64(answer["response"]["attestationObject"]))
    data = head["authData"][: 37 + 16 + 2 + 32] + cbor2.dumps(key)
    head["authData"] = data
    answer["response"]["attestationObject"] = base64url(cbor2.dumps(head))

    assert (await give(owner, page, MINE, answer)).status_code in (303, 400)
    assert is_refused(await sign_in_with(stranger, passkey))


async def test_truncated_or_malformed_authenticator_data_is_refused(owner: Visitor) -> None:
    page = await owner.get(MINE)
    answer = Passkey().create(await options_from(owner, page, MINE))
    whole = cbor2.loads(unbase64(answer["response"]["attestationObject"]))

    for length in (0, 1, 32, 36, 37, 50, 54, 60, 90, len(whole["authData"]) - 1):
        cut = {**whole, "authData": whole["authData"][:length]}
        answer["response"]["attestationObject"] = base64url(cbor2.dumps(cut))
        assert (await give(owner, page, MINE, answer)).status_code == 400, length
    for nested in (b"\x81" * 20_000, b"\xa1" * 20_000, b"\x9b" + b"\xff" * 8):
        answer["response"]["attestationObject"] = base64url(nested)
        assert (await give(owner, page, MINE, answer)).status_code == 400
    flags = bytes([PRESENT | VERIFIED | ATTESTED | 0x80])  # extensions that are not there
    lied = whole["authData"][:32] + flags + whole["authData"][33:]
    answer["response"]["attestationObject"] = base64url(cbor2.dumps({**whole, "authData": lied}))
    assert (await give(owner, page, MINE, answer)).status_code == 400
