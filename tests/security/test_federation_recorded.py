"""Cookies of sign-ins at an identity provider that servers of an earlier release issued.

They were recorded when Authlib's client stored its session in them. Users who are at their provider
during an upgrade return with such a cookie.
"""

import base64
import json
from datetime import datetime

import pytest
import pytest_asyncio

from app.security.purposes import Purpose
from tests.conftest import AppFactory
from tests.support.administration import add_provider
from tests.support.application import Application
from tests.support.identity_provider import SECRET, Asked, Provider, sent_to
from tests.support.parts import services_of
from tests.support.peer import Peer
from tests.support.visitor import Visitor, visiting

DATABASES = ("sqlite",)

RECORDED_AT = datetime.fromisoformat("2026-11-29T19:55:00+00:00")
BROWSER = "b99bcedee77e7a5823a1b25f3e376f73"
STATE, NONCE = "e5DphcouM50fwR1cPMn3kwDbRA5ab0", "ougGt2AOgZ6CzVMMKLkU"
CODE_VERIFIER = "H80v3W6WXwLBtSj8MFS7RuFOiPxuwYGP9Urabn5F5dQO6C0W"
STARTED = (
    "AXrbrgShyqPo5OoOaUvHD8s-pIqWu7Lkwgtu4gCtQ4ssrmuMF68JSxmEx910jQdY0FQY4pH9xrqDLz3dBjLV2f-v1f"
    "4P7iNIABTb4z6oabpa80v9f80mNBM9zXRxtgqoUZDO8IGVF2DYzqxtIvQD7LbdeOCV-iEabOU2-qG_PSZ2r_b1ziPf"
    "CPCMbSf7chFgt2FONmFJpUzDqBp3rxOfIphknqlh28BBaB76aKbryRaNLK2lOI_v9pkXZ0gH3L7YUy2XBFmDgiCeR4"
    "6mQplDDalH1yGbM-s1e4Y970qBo37J65BG9RRyCMLUc10KGRbZa5Fi23lHdBGVEyCipgngbk4-HZWx1CRIzURnk_v7"
    "3EzQWPH-vqK7cKPhMFAFY5oFT4RYwRBEPVXtplwQEcFHNA_OU5b1UuBN7JI1tuuPROsZXaVTlPaDKNXXIMyiY3P61g"
    "39k2q-qeDpInss5ImIgK_JrrZwnERul3fAwy-XvtLhGj67ZScSqkv6CyNe9knndZL1hrQhn90LTEMlPjHoHU6Zp8sJ"
    "8QpMCCH59K9mJSSbAlnePhesH5lbCcYLmou0ui0iyiPwRstoiyYrN17TECDbjAV3"
)
"""The cookie between the start and the callback, sealed under the SECRET_KEY of the tests."""
RETURNED = (
    "AeCCXMed1DmuBxvI5OghNy2IUm8xOyNDf91-y1hv1uFl3GBFZhsWW73JH_1KyX_1JvVN0wFSWz11jA8X8wuLZsZRbZ"
    "elfFOSlWnnMuRi03_8lekiY4ZTfHm9P8Yt9wyMu_nDemJ4GKM2R6hYfTxiMV_gEH-y9u5z3HZ4Zu8KXQrAbm2NpMxp"
    "ulNmlvIZxOcNhJdwJN-gYsFFtYGTbPW_ZHdHwoMYW5MCtaYOeNI7lhtZ-VtbB3svni-f4x1iJj79IJi-eXdOITFKJX"
    "M-m5OQUc9dwulef5s274DZ4kDX9Zahzh4xbKwlOtad70hGW1kPBpcL7Q0HOned4tOdX906P2QCj04njpEnIbtlQ38g"
    "ezqf3nEvYrBkrmJ7HRQW7ALiykgcMGIypnpDTRej9aHNneJiqPq56j6hDw=="
)
"""The cookie of a user who returned and has no account yet."""


@pytest_asyncio.fixture
async def earlier_app(start_app: AppFactory, peer: Peer) -> Application:
    """The application with the recorded provider, in the minute of the recording."""
    app = await start_app()
    app.clock.advance(seconds=(RECORDED_AT - app.clock.now()).total_seconds())
    await add_provider(
        services_of(app),
        "company",
        label="The Company",
        issuer=peer.url(""),
        client_id="us",
        secret=SECRET,
        scope="openid profile email",
    )
    return app


def restore(visitor: Visitor, cookie: str) -> None:
    visitor.http.cookies.set("postern_browser", BROWSER)
    visitor.http.cookies.set("postern_upstream", cookie)


async def test_a_sign_in_that_an_earlier_release_started_is_completed(
    earlier_app: Application, peer: Peer
) -> None:
    provider = Provider(earlier_app, peer, "company")
    asked = Asked("", STATE, NONCE, {})
    provider.knows(asked, sub="1", preferred_username="cleo")
    async with visiting(earlier_app) as visitor:
        restore(visitor, STARTED)

        page = await visitor.follow(await visitor.http.get(provider.callback(asked)))

    assert "You don't have an account here yet" in page.text
    (redeemed,) = [each for each in peer.seen if each.target == "/token"]
    assert f"code_verifier={CODE_VERIFIER}".encode() in redeemed.body
    assert b"redirect_uri=http%3A%2F%2Flocalhost%3A5000%2Flogin%2Fwith%2F" in redeemed.body


async def test_a_user_whom_an_earlier_release_sent_to_sign_up_gets_an_account(
    earlier_app: Application,
) -> None:
    async with visiting(earlier_app) as visitor:
        restore(visitor, RETURNED)
        page = await visitor.get("/login/new-here")

        home = await visitor.follow(await visitor.submit(page, to="/login/new-here"))

    assert 'value="cleo"' in page.text
    assert "Your account" in home.text


@pytest.mark.parametrize("place", ["", "password"])
async def test_an_earlier_release_can_complete_a_sign_in_that_this_one_started(
    app: Application, visitor: Visitor, provider: Provider, place: str
) -> None:
    """It reads exactly these members."""
    asked = await sent_to(visitor, provider, **({"next": place} if place else {}))

    sealed = base64.urlsafe_b64decode(visitor.http.cookies["postern_upstream"].strip('"'))
    browser = visitor.http.cookies["postern_browser"]
    cookie = json.loads(
        services_of(app).core.box(Purpose.SIGN_IN_TRANSACTION).open(sealed, context=browser)
    )

    key = f"_state_{provider.name}_{asked.state}"
    values = cookie["session"].pop(key)["data"]
    assert cookie == {
        "provider": provider.name,
        "state": asked.state,
        "session": {},
        "given": {"request_id": "", **({"next": place} if place else {})},
        "is_fresh": bool(place),
        "begun_at": app.clock.now().timestamp(),
        "user_id": "",
        "session_id": "",
    }
    assert values == {
        "redirect_uri": asked.parameters["redirect_uri"],
        "code_verifier": values["code_verifier"],
        "nonce": asked.nonce,
    }
