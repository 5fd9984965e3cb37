"""Answers that no authenticator of the person gave (Web Authentication, sections 7.1 and 7.2)."""

import pytest

from tests.support.account import stored
from tests.support.application import Application, TestClient, TestUser
from tests.support.logout import is_signed_in
from tests.support.parts import services_of
from tests.support.passkeys import (
    MINE,
    PRESENT,
    SECOND,
    VERIFIED,
    Lie,
    Passkey,
    audited,
    enrol,
    give,
    is_refused,
    options_from,
    password_given,
    sign_in_with,
)
from tests.support.visitor import Visitor, text_of, visiting

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

LIES = {
    "another origin": Lie(origin="https://localhost:5000"),
    "a look-alike origin": Lie(origin="http://localhost:5000.evil.example"),
    "another port": Lie(origin="http://localhost:5001"),
    "another relying party": Lie(rp_id="evil.example"),
    "no user verification": Lie(flags=PRESENT),
    "no presence": Lie(flags=VERIFIED),
    "a made-up challenge": Lie(challenge=b"c" * 32),
    "an empty challenge": Lie(challenge=b""),
    "a frame on another site": Lie(cross_origin=True),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_forged_assertion_does_not_sign_in(
    owner: Visitor, stranger: Visitor, client: TestClient, lie: Lie
) -> None:
    """Section 7.2, steps 11 to 17"""
    passkey = await enrol(owner)

    page = await sign_in_with(stranger, passkey, lie=lie)

    assert is_refused(page)
    assert not await is_signed_in(stranger, client)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_forged_attestation_does_not_add_a_passkey(
    app: Application, owner: Visitor, user: TestUser, lie: Lie
) -> None:
    """Section 7.1, steps 7 to 15"""
    page = await owner.get(MINE)
    options = await options_from(owner, page, MINE)

    answer = await give(owner, page, MINE, Passkey().create(options, lie))

    assert answer.status_code == 400
    assert "The passkey couldn't be added." in text_of(answer)
    assert await services_of(app).factors.passkeys.count_of(await stored(app, user)) == 0
    assert [each[:2] for each in await audited(app, user)] == [("passkey.refused", "refused")]


async def test_a_registration_response_is_not_accepted_for_a_sign_in(
    owner: Visitor, stranger: Visitor
) -> None:
    passkey = await enrol(owner)

    page = await sign_in_with(stranger, passkey, lie=Lie(type="webauthn.create"))

    assert is_refused(page)


async def test_a_signature_by_another_key_is_refused(owner: Visitor, stranger: Visitor) -> None:
    passkey = await enrol(owner)
    forged = Passkey(credential_id=passkey.credential_id, user_handle=passkey.user_handle)

    assert is_refused(await sign_in_with(stranger, forged))
    assert is_refused(await sign_in_with(stranger, Passkey(user_handle=passkey.user_handle)))


async def test_unknown_and_forged_passkeys_get_the_same_response(
    owner: Visitor, stranger: Visitor
) -> None:
    passkey = await enrol(owner)
    forged = Passkey(credential_id=passkey.credential_id, user_handle=passkey.user_handle)

    wrong = await sign_in_with(stranger, forged)
    unknown = await sign_in_with(stranger, Passkey(user_handle=b"nobody"))

    assert wrong.status_code == unknown.status_code
    assert wrong.text == unknown.text


@pytest.mark.parametrize(
    "lie", [Lie(user_handle=b"somebody else"), Lie(has_user_handle=False)], ids=["other", "none"]
)
async def test_the_user_handle_must_match_the_owner_of_the_passkey(
    owner: Visitor, stranger: Visitor, lie: Lie
) -> None:
    """Section 7.2 step 6"""
    passkey = await enrol(owner)

    assert is_refused(await sign_in_with(stranger, passkey, lie=lie))


async def test_the_passkey_of_another_user_is_not_accepted_as_a_second_factor(
    app: Application, owner: Visitor, stranger: Visitor, client: TestClient
) -> None:
    """Who knows a password and has a passkey of his own"""
    passkey = await enrol(owner)
    victim = await app.enrolled_user()
    async with visiting(app) as theirs:
        await theirs.sign_in(await theirs.get("/login"), victim)
        await enrol(theirs)
    page = await password_given(stranger, victim)
    options = await options_from(stranger, page, SECOND)

    for lie in (Lie(), Lie(user_handle=(await stored(app, victim)).user_id.encode())):
        assert is_refused(await give(stranger, page, SECOND, passkey.get(options, lie)))

    assert not await is_signed_in(stranger, client)
    assert (await audited(app, victim))[-1][2]["reason"] == "of another person"


async def test_a_sign_counter_that_does_not_increase_is_refused_and_audited(
    app: Application,
    owner: Visitor,
    stranger: Visitor,
    user: TestUser,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Section 6.1.1: may have been cloned of the authenticator"""
    passkey = await enrol(owner, Passkey(sign_count=5), name="Key")
    (kept,) = await services_of(app).factors.passkeys.list_of(await stored(app, user))

    for count in (5, 4, 0):
        passkey.sign_count = count
        assert is_refused(await sign_in_with(stranger, passkey))
    assert "may have been cloned" in caplog.text
    assert (await audited(app, user))[-1] == (
        "passkey.refused",
        "refused",
        {"reason": "counter went back", "passkey_id": kept.passkey_id},
    )
    passkey.sign_count = 6
    assert (await sign_in_with(stranger, passkey)).url.path == "/account"


async def test_a_forged_assertion_does_not_change_the_sign_counter(
    owner: Visitor, stranger: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    """Else a stranger could lock a person out, or cry wolf"""
    passkey = await enrol(owner, Passkey(sign_count=5))
    for count in (1, 1000):
        forged = Passkey(
            credential_id=passkey.credential_id,
            user_handle=passkey.user_handle,
            sign_count=count,
        )
        assert is_refused(await sign_in_with(stranger, forged))

    passkey.sign_count = 6

    assert "may have been cloned" not in caplog.text
    assert (await sign_in_with(stranger, passkey)).url.path == "/account"


async def test_an_authenticator_without_a_sign_counter_can_sign_in_repeatedly(
    owner: Visitor, stranger: Visitor
) -> None:
    passkey = await enrol(owner)

    for _ in range(3):
        assert (await sign_in_with(stranger, passkey)).url.path == "/account"
