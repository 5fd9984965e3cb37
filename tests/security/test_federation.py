"""Attacks on signing in by another provider: on the way there, at the provider, on the way back."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from tests.conftest import AppFactory
from tests.support.administration import (
    disable_provider,
    remove_provider,
    set_claims_of,
    set_user_disabled,
)
from tests.support.application import Application
from tests.support.identity_provider import (
    Provider,
    account_made_by,
    asked_in,
    csrf_in,
    offered,
    sent_to,
    signed_in_by,
)
from tests.support.parts import services_of
from tests.support.peer import Answer, Authority, running_peer
from tests.support.people import person_with
from tests.support.visitor import Visitor, text_of, visiting

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

NO_RIGHT_ANSWER = "The sign-in service sent an invalid response"
CANNOT_GO_ON = "This sign-in can't continue"


@pytest_asyncio.fixture
async def second(app: Application) -> AsyncIterator[Provider]:
    """A provider that its operator should not have trusted."""
    async with running_peer(tls=False) as peer:
        yield await offered(app, peer)


async def test_a_callback_is_accepted_only_in_the_browser_that_started_the_sign_in(
    visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    """RFC 6749 section 10.12: nobody is signed in to an account of who sends him a link."""
    asked = await sent_to(visitor, provider)
    await sent_to(stranger, provider)
    provider.knows(asked)

    page = await stranger.http.get(provider.callback(asked))

    assert page.status_code == 400
    assert CANNOT_GO_ON in text_of(page)
    assert provider.peer.count("/token") == 0


async def test_the_cookie_of_one_browser_is_not_valid_in_another(
    visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    asked = await sent_to(visitor, provider)
    provider.knows(asked)
    await stranger.get("/login")
    stranger.http.cookies.set("postern_upstream", visitor.http.cookies["postern_upstream"])

    page = await stranger.http.get(provider.callback(asked))

    assert CANNOT_GO_ON in text_of(page)


async def test_a_callback_cannot_be_replayed(visitor: Visitor, provider: Provider) -> None:
    """Also for who kept the cookie."""
    await account_made_by(visitor, provider, sub="1")
    asked = await sent_to(visitor, provider)
    cookie = visitor.http.cookies["postern_upstream"]
    provider.knows(asked, sub="1")

    first = await visitor.http.get(provider.callback(asked))
    visitor.http.cookies.set("postern_upstream", cookie)
    replayed = await visitor.http.get(provider.callback(asked))

    assert first.headers["location"] == "/account"
    assert CANNOT_GO_ON in text_of(replayed)


async def test_only_one_of_many_concurrent_callbacks_succeeds(
    visitor: Visitor, provider: Provider
) -> None:
    await account_made_by(visitor, provider, sub="1")
    asked = await sent_to(visitor, provider)
    provider.knows(asked, sub="1")

    pages = await asyncio.gather(*(visitor.http.get(provider.callback(asked)) for _ in range(10)))

    assert sorted(page.status_code for page in pages) == [303, *[400] * 9]


async def test_a_callback_is_refused_after_ten_minutes(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    asked = await sent_to(visitor, provider)
    provider.knows(asked)
    app.clock.advance(seconds=601)

    page = await visitor.http.get(provider.callback(asked))

    assert CANNOT_GO_ON in text_of(page)


async def test_a_wrong_or_missing_state_is_refused(visitor: Visitor, provider: Provider) -> None:
    asked = await sent_to(visitor, provider)
    provider.knows(asked)

    for state in (None, "", "x", asked.state + "x", "\u00e9"):
        page = await visitor.http.get(provider.callback(asked, state=state))

        assert page.status_code == 400
    assert provider.peer.count("/token") == 0


async def test_a_callback_for_one_provider_is_not_accepted_for_another(
    visitor: Visitor, provider: Provider, second: Provider
) -> None:
    """RFC 9700 section 4.4: a code of the honest one is never sent to the other."""
    asked = await sent_to(visitor, provider)
    path = provider.callback(asked).replace(provider.name, second.name)

    page = await visitor.http.get(path)

    assert CANNOT_GO_ON in text_of(page)
    assert second.peer.count("/token") == 0


@pytest.mark.parametrize("iss", [None, "", "https://evil.example"])
async def test_a_callback_that_names_another_issuer_is_refused(
    visitor: Visitor, provider: Provider, iss: str | None
) -> None:
    """RFC 9207 section 2.4"""
    asked = await sent_to(visitor, provider)
    provider.knows(asked)

    page = await visitor.http.get(provider.callback(asked, iss=iss))

    assert page.status_code == 502
    assert NO_RIGHT_ANSWER in page.text
    assert provider.peer.count("/token") == 0


async def test_the_iss_parameter_is_optional_if_the_provider_does_not_support_it(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    provider.publish(authorization_response_iss_parameter_supported=None)
    asked = await sent_to(visitor, provider)
    provider.knows(asked)

    page = await visitor.http.get(provider.callback(asked, iss=None))

    assert page.headers["location"] == "/login/new-here"


WRONG_CLAIMS: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "a nonce that is no text": {"nonce": 1},
    "another audience": {"aud": "somebody-else"},
    "no audience": {"aud": None},
    "several audiences without a party": {"aud": ["us", "somebody-else"]},
    "another party": {"azp": "somebody-else"},
    "another issuer": {"iss": "https://evil.example"},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a long subject": {"sub": "x" * 256},
    "a subject that is no text": {"sub": 1},
    "a subject with a control character": {"sub": "a\u0000b"},
    "no end": {"exp": None},
    "over": {"exp": 1_700_000_000},
    "to come": {"iat": 4_000_000_000},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
async def test_an_id_token_with_claims_invalid_for_this_sign_in_is_refused(
    visitor: Visitor, provider: Provider, claims: dict[str, Any]
) -> None:
    """OpenID Connect Core section 3.1.3.7, SECURITY_BAR row 35"""
    asked = await sent_to(visitor, provider)
    provider.knows(asked, **claims)

    page = await visitor.http.get(provider.callback(asked))

    assert page.status_code == 502
    assert NO_RIGHT_ANSWER in page.text


async def test_several_audiences_are_accepted_if_azp_is_our_client_id(
    visitor: Visitor, provider: Provider
) -> None:
    asked = await sent_to(visitor, provider)
    provider.knows(asked, aud=["us", "somebody-else"], azp="us")

    page = await visitor.http.get(provider.callback(asked))

    assert page.headers["location"] == "/login/new-here"


def unsigned(provider: Provider, claims: dict[str, Any]) -> str:
    made = provider.signed(claims).split(".")
    return f"{jwt_part({'alg': 'none'})}.{made[1]}."


def signed_with_the_secret(provider: Provider, claims: dict[str, Any]) -> str:
    key = OctKey.import_key("a-secret-that-only-the-two-know")
    return jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])


def signed_with_the_public_key(provider: Provider, claims: dict[str, Any]) -> str:
    public = json.dumps(provider.key.as_dict(private=False)).encode()
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(public), algorithms=["HS256"])


def signed_by_somebody(provider: Provider, claims: dict[str, Any]) -> str:
    return provider.signed(claims, key=ECKey.generate_key("P-256"))


def with_a_key_in_its_header(provider: Provider, claims: dict[str, Any]) -> str:
    key = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "jwk": key.as_dict(private=False)}
    return jwt.encode(header, claims, key, algorithms=["ES256"])


def cut_short(provider: Provider, claims: dict[str, Any]) -> str:
    return provider.signed(claims)[:-4]


@pytest.mark.parametrize(
    "forge",
    [
        unsigned,
        signed_with_the_secret,
        signed_with_the_public_key,
        signed_by_somebody,
        with_a_key_in_its_header,
        cut_short,
        lambda *_: "",
        lambda *_: "nonsense",
    ],
)
async def test_an_id_token_not_signed_by_the_provider_is_refused(
    visitor: Visitor, provider: Provider, forge: Any
) -> None:
    """SECURITY_BAR row 35: also where its own document allows the algorithm."""
    provider.publish(id_token_signing_alg_values_supported=["none", "HS256", "ES256"])
    asked = await sent_to(visitor, provider)
    provider.says(forge(provider, provider.claims(asked)))

    page = await visitor.http.get(provider.callback(asked))

    assert page.status_code == 502
    assert NO_RIGHT_ANSWER in page.text


async def test_a_new_signing_key_of_the_provider_is_fetched(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    await account_made_by(visitor, provider, sub="1")
    app.clock.advance(seconds=6)
    provider.key = ECKey.generate_key("P-256", {"kid": "new", "use": "sig", "alg": "ES256"})
    provider.publish()
    asked = await sent_to(visitor, provider)
    provider.says(
        jwt.encode(
            {"alg": "ES256", "kid": "new"},
            provider.claims(asked, sub="1"),
            provider.key,
            algorithms=["ES256"],
        )
    )

    page = await visitor.http.get(provider.callback(asked))

    assert page.headers["location"] == "/account"


async def test_userinfo_of_a_different_subject_is_ignored(
    visitor: Visitor, provider: Provider
) -> None:
    """OpenID Connect Core section 5.3.2"""
    asked = await sent_to(visitor, provider)
    token = provider.signed(provider.claims(asked, sub="1"))
    provider.says(token, sub="2", email="victim@example.com", preferred_username="victim")

    page = await visitor.follow(await visitor.http.get(provider.callback(asked)))

    assert "You don't have an account here yet" in page.text
    assert "victim" not in page.text


async def test_a_verified_email_from_a_provider_does_not_give_access_to_an_account(
    app: Application, stranger: Visitor, provider: Provider
) -> None:
    """An identity is an issuer and a subject: an address links nobody, whoever verified it."""
    victim = await person_with(app, email="victim@example.com")
    await set_claims_of(
        services_of(app), victim.username, _nothing(), vouched_for=["email_verified"]
    )

    page = await signed_in_by(
        stranger,
        provider,
        sub="mallory",
        email="victim@example.com",
        email_verified=True,
        preferred_username=victim.username,
    )
    taken = await stranger.submit(page, to="/login/new-here")

    assert "You don't have an account here yet" in page.text
    assert "That username is taken. Choose another one." in text_of(taken)
    account = await stranger.get("/account")
    assert account.headers["location"] == "/login"
    user = await services_of(app).accounts.users.get(victim.username)
    assert await services_of(app).federation.identity_providers.list_of(user) == []


async def test_the_same_subject_at_another_provider_is_a_different_identity(
    visitor: Visitor, stranger: Visitor, provider: Provider, second: Provider
) -> None:
    name = await account_made_by(visitor, provider, sub="1")

    page = await signed_in_by(stranger, second, sub="1")

    assert "You don't have an account here yet" in page.text
    assert name not in page.text


async def test_an_account_is_created_only_in_the_browser_that_completed_the_sign_in(
    visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    """What the form says is only a name: neither the cookie nor the state of another counts."""
    page = await signed_in_by(visitor, provider, sub="1")
    await stranger.get("/login")
    form = {
        "csrf_token": csrf_in(await stranger.get("/login")),
        "state": page.text.split('name="state" value="')[1].split('"')[0],
        "username": visitor.app.new_name(),
    }
    without = await stranger.http.post("/login/new-here", data=form)
    stranger.http.cookies.set("postern_upstream", visitor.http.cookies["postern_upstream"])
    stolen = await stranger.http.post("/login/new-here", data=form)
    wrong_state = await visitor.submit(page, to="/login/new-here", state="x", username="whoever")

    for response in (without, stolen, wrong_state):
        assert response.headers["location"] == "/login/new-here"
    assert (
        provider.name
        not in await services_of(visitor.app).federation.identity_providers.count_linked()
    )


async def test_a_started_sign_in_cannot_be_used_as_a_completed_one(
    visitor: Visitor, provider: Provider
) -> None:
    """Each sealed cookie is for one purpose."""
    asked = await sent_to(visitor, provider)
    form = {
        "csrf_token": csrf_in(await visitor.get("/login")),
        "state": asked.state,
        "username": visitor.app.new_name(),
    }

    response = await visitor.http.post("/login/new-here", data=form)

    assert response.headers["location"] == "/login/new-here"
    assert (await visitor.get("/login/new-here")).headers["location"] == "/login"


async def test_only_one_account_can_be_created_for_an_external_identity(
    visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    pages = [await signed_in_by(each, provider, sub="1") for each in (visitor, stranger)]

    made = await asyncio.gather(
        *(
            each.submit(page, to="/login/new-here", username=each.app.new_name())
            for each, page in zip((visitor, stranger), pages, strict=True)
        )
    )

    assert sorted(response.status_code for response in made) == [303, 400]
    counts = await services_of(visitor.app).federation.identity_providers.count_linked()
    assert counts[provider.name] == 1


async def test_cross_site_forms_are_refused(visitor: Visitor, provider: Provider) -> None:
    """SECURITY_BAR row 30"""
    for path in (provider.button, "/login/new-here"):
        response = await visitor.http.post(path, data={"username": "mallory"})

        assert response.status_code == 403
    assert (await visitor.get(provider.button)).status_code == 405


async def test_a_disabled_provider_is_not_offered_and_its_callbacks_are_refused(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    await account_made_by(visitor, provider, sub="1")
    asked = await sent_to(stranger, provider)
    provider.knows(asked, sub="1")
    await disable_provider(app, provider.name)

    login = await stranger.get("/login")
    form = {"csrf_token": csrf_in(login)}
    there = await stranger.http.post(provider.button, data=form)
    back = await stranger.http.get(provider.callback(asked))

    assert provider.name not in login.text
    assert there.status_code == back.status_code == 404
    assert provider.peer.count("/token") == 1  # of the account that was made


async def test_a_disabled_user_cannot_sign_in(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    name = await account_made_by(visitor, provider, sub="1")
    await set_user_disabled(services_of(app), name, disabled=True)

    page = await signed_in_by(stranger, provider, sub="1")

    assert "This account is disabled." in text_of(page)
    assert (await stranger.get("/account")).headers["location"] == "/login"


async def test_a_sign_in_denied_at_the_provider_is_explained_on_the_sign_in_page(
    visitor: Visitor, provider: Provider
) -> None:
    asked = await sent_to(visitor, provider, next="connections")
    path = provider.callback(asked, code=None, error="access_denied")

    page = await visitor.follow(await visitor.http.get(path))

    assert 'action="/login"' in page.text
    assert "You didn't finish signing in." in text_of(page)
    assert 'name="next" value="connections"' in page.text


async def test_provider_errors_are_attributed_to_the_provider_and_not_echoed(
    visitor: Visitor, provider: Provider
) -> None:
    asked = await sent_to(visitor, provider)
    path = provider.callback(
        asked, code=None, error="server_error", error_description="<b>call 555</b>"
    )

    page = await visitor.http.get(path)

    assert page.status_code == 502
    assert "The problem is with the sign-in service." in text_of(page)
    assert "555" not in page.text


async def test_request_parameters_cannot_cause_an_open_redirect(
    visitor: Visitor, provider: Provider
) -> None:
    """SECURITY_BAR row 32"""
    await account_made_by(visitor, provider, sub="1")
    for next_page in ("//evil.example", "https://evil.example", "/\\evil.example"):
        page = await visitor.get("/login", next=next_page)
        away = await visitor.submit(page, to=provider.button, next=next_page, redirect=next_page)
        asked = asked_in(away)
        provider.knows(asked, sub="1")

        back = await visitor.http.get(
            provider.callback(asked, next=next_page, redirect_uri=next_page)
        )

        assert back.headers["location"] == "/account"


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "//evil.example"},
        {"authorization_endpoint": None},
        {"token_endpoint": "file:///etc/passwd"},
        {"token_endpoint": 1},
        {"jwks_uri": "https://user@evil.example/jwks"},
        {"jwks_uri": "http://[::1"},
    ],
)
async def test_an_invalid_discovery_document_is_refused(
    visitor: Visitor, provider: Provider, said: dict[str, Any]
) -> None:
    """OpenID Connect Discovery section 4.3"""
    provider.publish(**said)

    page = await visitor.submit(await visitor.get("/login"), to=provider.button)

    assert page.status_code == 502
    assert NO_RIGHT_ANSWER in page.text


async def test_a_discovery_document_cannot_change_http_client_settings(
    visitor: Visitor, provider: Provider
) -> None:
    """Its members are not passed on to the HTTP client."""
    provider.publish(verify=False, proxy="http://evil.example", headers={"X": "y"}, timeout=0)
    asked = await sent_to(visitor, provider)
    provider.knows(asked)

    page = await visitor.http.get(provider.callback(asked))

    assert page.headers["location"] == "/login/new-here"
    assert all("x" not in seen.headers for seen in provider.peer.seen)


async def test_endpoints_on_a_host_other_than_the_issuer_must_be_public(
    visitor: Visitor, provider: Provider
) -> None:
    """SECURITY_BAR row 43: the host of the issuer is the operator's word, and no other."""
    port = provider.peer.port
    provider.publish(token_endpoint=f"http://127.0.0.1:{port}/token")
    asked = await sent_to(visitor, provider)
    provider.knows(asked)

    page = await visitor.http.get(provider.callback(asked))

    assert page.status_code == 502
    assert provider.peer.count("/token") == 0


ANSWERS = {
    "an error": Answer('{"error": "invalid_grant"}', 400, {"Content-Type": "application/json"}),
    "a page": Answer("<html>", 200, {"Content-Type": "text/html"}),
    "a list": Answer("[]", 200, {"Content-Type": "application/json"}),
    "nothing": Answer(""),
    "a failure": Answer("oops", 500),
    "a redirect": Answer("", 302, {"Location": "http://169.254.169.254/"}),
    "no end": Answer("x" * 200_000),
    "deep": Answer("[" * 50_000),
    "no ID token": Answer('{"access_token": "x", "token_type": "Bearer"}'),
    "an ID token that is none": Answer('{"access_token": "x", "id_token": {"a": 1}}'),
    "lists": Answer('{"access_token": [], "expires_in": [], "expires_at": {}, "id_token": []}'),
    "numbers": Answer('{"access_token": 1, "expires_in": "soon", "id_token": 5}'),
}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_an_invalid_provider_response_shows_an_error_page(
    visitor: Visitor, provider: Provider, path: str, answer: Answer
) -> None:
    if path.startswith("/."):
        provider.peer.answers[path] = answer
        page = await visitor.submit(await visitor.get("/login"), to=provider.button)
    else:
        asked = await sent_to(visitor, provider)
        provider.knows(asked)
        provider.peer.answers[path] = answer
        page = await visitor.http.get(provider.callback(asked))

    assert page.status_code == 502
    assert "The problem is with the sign-in service." in text_of(page)
    assert 'href="/login"' in page.text


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_an_invalid_userinfo_response_is_ignored(
    visitor: Visitor, provider: Provider, answer: Answer
) -> None:
    asked = await sent_to(visitor, provider)
    provider.knows(asked)
    provider.peer.answers["/userinfo"] = answer

    page = await visitor.http.get(provider.callback(asked))

    assert page.headers["location"] == "/login/new-here"


@pytest.mark.parametrize(
    "claims",
    [
        {"name": 1, "email": ["a"], "preferred_username": {}},
        {"name": "a\u0000b", "email": "no address", "preferred_username": "a b"},
        {"name": "x" * 5000, "email": "x" * 5000, "preferred_username": "x" * 5000},
        {"name": "<script>alert(1)</script>", "email": "", "preferred_username": "../../etc"},
        {"name": "<script>alert(1)</script>"},
        {"name": "\u202egnol", "preferred_username": "p\u0430ypal"},
        {"sub": "s" * 255, "name": "\u00fc" * 200, "email": f"{'m' * 60}@{'e' * 180}.example"},
    ],
)
async def test_invalid_claims_are_ignored(
    visitor: Visitor, provider: Provider, claims: dict[str, Any]
) -> None:
    """SECURITY_BAR rows 31 and 44"""
    page = await signed_in_by(visitor, provider, **{"sub": "1", **claims})

    name = visitor.app.new_name()
    made = await visitor.follow(await visitor.submit(page, to="/login/new-here", username=name))

    assert "<script>alert" not in page.text
    assert "Your account" in made.text, made.text


async def test_an_unreachable_provider_shows_an_error_page(
    app: Application, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_peer(tls=False) as peer:
        provider = await offered(app, peer)
        asked = await sent_to(visitor, provider)
    app.clock.advance(seconds=1)

    page = await visitor.http.get(provider.callback(asked))
    await remove_provider(app, provider.name)

    assert page.status_code == 502
    assert "The sign-in service isn't responding" in text_of(page)
    assert "The problem is with the sign-in service." in text_of(page)


async def test_a_certificate_of_an_untrusted_authority_is_refused(
    app: Application, visitor: Visitor, tmp_path: Path
) -> None:
    async with running_peer(Authority(tmp_path)) as peer:
        provider = await offered(app, peer)

        page = await visitor.submit(await visitor.get("/login"), to=provider.button)
        await remove_provider(app, provider.name)

    assert page.status_code == 502
    assert "The sign-in service isn't responding" in text_of(page)


async def test_a_configured_certificate_authority_is_trusted(
    start_app: Any, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    app = await start_app(outbound_ca_file=authority.ca_file)
    async with running_peer(authority) as peer, visiting(app) as visitor:
        provider = await offered(app, peer)

        page = await signed_in_by(visitor, provider, sub="1")

    assert "You don't have an account here yet" in page.text


async def test_a_provider_secret_sealed_with_another_key_is_reported_as_our_error(
    start_app: AppFactory, app: Application, provider: Provider
) -> None:
    """SECRET_KEY was changed, and the old one is not listed."""
    other = await start_app(
        database_url=app.settings.database_url,
        secret_key="another-key-Vr3kq9ZtW8yLm2Xb5Nc7Pq4",
        secret_key_is_new=True,
    )
    async with visiting(other) as visitor:
        page = await visitor.submit(await visitor.get("/login"), to=provider.button)

    assert page.status_code == 503
    assert "Something went wrong on our side." in text_of(page)


async def test_neither_the_log_nor_the_audit_log_contains_secrets(
    app: Application, visitor: Visitor, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    """SECURITY_BAR row 13"""
    caplog.set_level("DEBUG", logger="postern")
    asked = await sent_to(visitor, provider)
    provider.answer("/token", {"error": "invalid_grant", "error_description": "a-code"})
    await visitor.http.get(provider.callback(asked))
    await account_made_by(visitor, provider, sub="1")

    events = [each async for each in services_of(app).core.audit.read_all()]

    logged = caplog.text + "".join(each.details for each in events)
    for secret in ("a-code", "a-secret-that-only-the-two-know", asked.state, asked.nonce):
        assert secret not in logged
    assert provider.name in logged


def jwt_part(value: dict[str, Any]) -> str:
    import base64

    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _nothing() -> Any:
    from app.schemas.claims import StandardClaims

    return StandardClaims()
