"""Calls whose arguments the annotations do not tell, so that each statement is reached."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from app.database.database import Database
from app.models.accounts.groups import Membership, groups
from app.models.accounts.one_time_links import OneTimeLink
from app.models.accounts.roles import ADMINISTRATOR, AUDITOR, Role, RoleGrant, roles
from app.models.accounts.sessions import Session
from app.models.accounts.users import User, users
from app.models.clients.client_documents import ClientDocument
from app.models.clients.clients import clients
from app.models.clients.consents import Consent
from app.models.factors.passkeys import Passkey
from app.models.oauth.authorization_types import AuthorizationType
from app.models.oauth.device_codes import DeviceCode
from app.models.oauth.resources import Resource
from app.models.operations.activity import StoredRefusal
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.replay_cache import SingleUse
from app.models.operations.webhooks import Webhook, WebhookEvent
from app.repositories.accounts.accounts import delete_accounts
from app.repositories.accounts.administrators import administrator_remains
from app.repositories.accounts.sessions import BEFORE_ALL, SessionPosition
from app.repositories.accounts.user_search import Position
from app.repositories.clients.client_search import ClientPosition, index_renamed_client
from app.repositories.oauth.exchanged_tokens import NewExchange
from app.repositories.operations.audit_events import Wanted
from app.repositories.operations.audit_outbox import change_with_event
from app.repositories.operations.sealed_values import PLACES, SealedValue
from app.repositories.operations.webhook_deliveries import queue_deliveries
from app.repositories.operations.webhooks import WebhookRepository
from app.security.limit_rules import Attempt, AttemptOutcome, Rule
from tests.repositories.plans.calls import Method, argument, arguments_for
from tests.repositories.plans.rows import BASE, ROWS, digest, identifier
from tests.support.events import new_event

Calls = Callable[[Any, int], list[Awaitable[Any]]]


def _pages_of_the_audit_log(call: Any, number: int) -> list[Awaitable[Any]]:
    person, action = identifier(number), "id-1"
    wanted = (
        Wanted(user_id=person),
        Wanted(since=BASE),
        Wanted(action=action),
        Wanted(user_id=person, since=BASE, action=action),
    )
    return [call(), *(call(each, after=5) for each in wanted)]


def _newest_of_the_audit_log(call: Any, number: int) -> list[Awaitable[Any]]:
    wanted = (
        Wanted(),
        Wanted(user_id=identifier(number)),
        Wanted(since=BASE, until=BASE + timedelta(days=1)),
        Wanted(action="id-1"),
    )
    return [call(each, before=before) for each in wanted for before in (None, 5)]


def _pages_of_sessions(call: Any, number: int) -> list[Awaitable[Any]]:
    after = SessionPosition(BASE, identifier(number))
    return [
        call(now=BASE, user_id=user_id, since=since, after=position)
        for user_id in (None, identifier(number))
        for since in (None, BASE)
        for position in (BEFORE_ALL, after)
    ]


def _passkey(call: Any, number: int) -> list[Awaitable[Any]]:
    made: Passkey = argument(Passkey, "made", number, flag=True)
    new = replace(made, passkey_id="new", credential_id=digest(ROWS * 3))
    owner = argument(User, "owner", number, flag=True)
    return [
        call(new, owner, at_most=10, is_first_factor=is_first, event=new_event())
        for is_first in (True, False)
    ]


def _import_into_a_group(call: Any, number: int) -> list[Awaitable[Any]]:
    new: User = argument(User, "new", number + ROWS, flag=True)
    membership: Membership = argument(Membership, "membership", number, flag=True)
    joined = replace(membership, user_id=new.user_id)
    return [call([new], [joined], is_full=False, events=[new_event()])]


def _tries(number: int) -> list[Attempt]:
    name = f"{number}@example.com"
    return [
        Attempt(
            Rule("sign-in", free=1, window=60, longest_delay=60, shortest_delay=1), name, "turns"
        )
    ]


def _outcome(number: int) -> AttemptOutcome:
    return AttemptOutcome(attempts=_tries(number), now=BASE, is_right=False, clears=False)


def _twice(call: Any, number: int) -> list[Awaitable[Any]]:
    """The second time too soon."""
    found = argument(DeviceCode, "found", number, flag=True)
    return [call(digest(number), found, now=BASE) for _ in range(2)]


def _forget(call: Any, number: int) -> list[Awaitable[Any]]:
    return [call.__self__.take(_outcome(number)), call(_tries(number), now=BASE)]


def _grants(call: Any, number: int) -> list[Awaitable[Any]]:
    """To a user, and reserved roles: also to a group that an identity provider gives members."""
    granted = (
        RoleGrant("id-1", f"user:{identifier(number)}", BASE),
        RoleGrant(ADMINISTRATOR, f"group:{identifier(number)}", BASE),
        RoleGrant(AUDITOR, f"user:{identifier(number)}", BASE),
    )
    return [call(each, is_full=True, event=new_event(), withdrawal=new_event()) for each in granted]


def _searches_of_clients(call: Any, number: int) -> list[Awaitable[Any]]:
    position = ClientPosition("id-1", identifier(number))
    return [call(["id"]), call(["id-1", "id-2"], after=position, limit=5)]


def _searches(call: Any, number: int) -> list[Awaitable[Any]]:
    return [
        call(["id"]),
        call(["id-1", "id-2"], after=Position("id-1", identifier(number)), limit=5),
    ]


async def other_functions(database: Database, number: int) -> None:
    """What no repository's method calls."""
    event: NewEvent = argument(NewEvent, "event", number + 9 * ROWS, flag=True)
    change = update(users).where(users.c.user_id == identifier(number)).values(otp_drift=1)
    preparing = replace(event, is_preparation=True, user_id=identifier(number + 9 * ROWS))
    await change_with_event(database, change.returning(users.c.user_id), preparing)
    async with database.transaction() as connection, administrator_remains(connection):
        await delete_accounts(connection, [identifier(number)])
        await index_renamed_client(connection, identifier(number), "another name")
    await _queue_for_a_webhook(database, number)


async def _queue_for_a_webhook(database: Database, number: int) -> None:
    made: Webhook = argument(Webhook, "new", number, flag=True)
    webhook = replace(made, webhook_id="enabled", event_types="user.created", is_enabled=True)
    repository = WebhookRepository(database)
    await repository.add(webhook, at_most=50, event=new_event())
    refused = WebhookEvent("user.created", BASE, {}, counted_for=identifier(number))
    async with database.transaction() as connection:
        await queue_deliveries(connection, [refused, refused], now=BASE)
    await repository.delete(webhook, event=new_event())


def _claims_with_new_words(call: Any, number: int) -> list[Awaitable[Any]]:
    stored = argument(User, "user", number, flag=True)._replace(search_words="another")
    verified = json.dumps({"email": "another@example.com", "email_verified": True})
    return [call(stored, verified, is_full=False, now=BASE, event=new_event())]


def _invitation(call: Any, number: int) -> list[Awaitable[Any]]:
    """Of a user who joins a group and gets a role."""
    new: User = argument(User, "new", number + 2 * ROWS, flag=True)
    link: OneTimeLink = argument(OneTimeLink, "made", number + 2 * ROWS, flag=True)
    joined = Membership(identifier(number), new.user_id, "manual", BASE)
    granted = RoleGrant(identifier(number), f"user:{new.user_id}", BASE)
    return [
        call(
            new,
            replace(link, user_id=new.user_id),
            memberships=[joined],
            grants=[granted],
            mail=None,
            is_full=False,
            event=new_event(),
        )
    ]


async def _nothing() -> None:
    """Work of a transaction that calls no repository."""


def _role_of_a_client(call: Any, number: int) -> list[Awaitable[Any]]:
    new = Role("new", "new", identifier(number), "", "manual", 1, BASE)
    return [call(new, event=new_event())]


def _resource(call: Any, number: int) -> list[Awaitable[Any]]:
    """One that exists and is the default of no client: delete it, or replace it first."""
    made: Resource = argument(Resource, "new", number, flag=True)
    name = f"resource-{call.__name__}-{number}"
    stored = replace(made, name=name, identifier=f"https://{name}.example", aliases=frozenset())
    after = () if call.__name__ == "delete" else (stored,)
    return [call.__self__.add(stored, event=new_event()), call(stored, *after, event=new_event())]


def _consent_at_a_resource(call: Any, number: int) -> list[Awaitable[Any]]:
    """Granted twice, and then found: what was granted before is compared with the resources."""
    made: Consent = argument(Consent, "new", number, flag=True)
    new = replace(made, resources=json.dumps({"https://api.example.com": "read"}))
    grants = [call.__self__.grant(new, event=new_event()) for _ in range(2)]
    return [*grants, call(new.user_id, new.client_id)]


def _authorization_type(call: Any, number: int) -> list[Awaitable[Any]]:
    """One that exists: delete it, or replace it."""
    made: AuthorizationType = argument(AuthorizationType, "new", number, flag=True)
    stored = replace(made, name=f"type-{call.__name__}-{number}")
    after = () if call.__name__ == "delete" else (stored,)
    return [call.__self__.add(stored, event=new_event()), call(stored, *after, event=new_event())]


def _batch(call: Any, number: int) -> list[Awaitable[Any]]:
    rows = [argument(StoredRefusal, "refused", number + each, flag=True) for each in range(3)]
    return [call(rows, {("tokens", "id-1"): 2}, hour=BASE)]


def _with_and_without_use(call: Any, number: int) -> list[Awaitable[Any]]:
    """Tokens are stored with or without a refresh token, and with or without a single use."""
    use: SingleUse = argument(SingleUse, "use", number, flag=True)
    calls = []
    for bare in (True, False):
        positional, named = arguments_for(Method("", call), number, bare=bare)
        calls += [call(*positional, **{**named, "use": each}) for each in (use, None)]
    return calls


def _renewals(call: Any, number: int) -> list[Awaitable[Any]]:
    """Access tokens with and without a row, for a token that is prolonged as well."""
    use: SingleUse = argument(SingleUse, "use", number, flag=True)
    (presented, found, pair), _ = arguments_for(Method("", call), number, bare=True)
    found = found._replace(issued_at=BASE - timedelta(days=1))
    pairs = [pair._replace(issued_at=BASE, has_access_row=has_row) for has_row in (True, False)]
    return [call(presented, found, each, use=spent) for each in pairs for spent in (use, None)]


def _documents(call: Any, number: int) -> list[Awaitable[Any]]:
    """A document of which grants end, whose client has a web origin."""
    new: ClientDocument = argument(ClientDocument, "new", number, flag=True)
    members: dict[str, Any] = {
        **dict.fromkeys(("client_name", "grant_types", "scope"), "a"),
        "redirect_uris": "https://app.example.com/callback",
        "token_endpoint_auth_method": "none",
        "metadata": {},
        "policies": None,
    }
    stored = replace(new, members=json.dumps(members))
    return [call(stored, ended=["a"], now=BASE, event=new_event())]


def _exchanges(call: Any, number: int) -> list[Awaitable[Any]]:
    """About a client, and about a user with and without a family of the subject token; with and
    without a row of the access token, and a single use."""
    row: NewExchange = argument(NewExchange, "new", number, flag=True)
    uses = (None, argument(SingleUse, "use", ROWS * 4, flag=True))
    about = (
        replace(row, family_id="exchange-1", user_id=None),
        replace(row, family_id="exchange-2", subject_family_id=None),
        replace(row, family_id="exchange-3"),
    )
    return [
        call(replace(each, access_digest=access_digest), use=use, event=new_event())
        for each in about
        for access_digest in (digest(ROWS * 5), None)
        for use in uses
    ]


SPECIAL: dict[str, Calls] = {
    "ClientDocumentRepository.store": _documents,
    "ExchangedTokenRepository.begin": _exchanges,
    **dict.fromkeys(
        (
            "AccessTokenRepository.store_for_client",
            "AuthorizationCodeRepository.redeem",
            "DeviceCodeRepository.redeem",
            "RefreshTokenRepository.rotate",
            "TokenFamilyRepository.begin",
        ),
        _with_and_without_use,
    ),
    "RefreshTokenRepository.renew": _renewals,
    "ActivityRepository.add": _batch,
    "AuditEventRepository.list_page": _pages_of_the_audit_log,
    "AuditSequencingRepository.number_some": lambda call, _: [call(lambda _: (), now=BASE)],
    "AuditEventRepository.list_newest": _newest_of_the_audit_log,
    "AuthorizationTypeRepository.change": _authorization_type,
    "AuthorizationTypeRepository.delete": _authorization_type,
    "CredentialRepository.set_disabled": lambda call, number: [
        call(identifier(number), at, is_full=False, now=BASE, event=new_event())
        for at in (None, BASE)
    ],
    "DesiredStateRepository.lock": lambda call, number: [
        call(table, {identifier(number): 5}) for table in (groups, roles, clients)
    ],
    "DesiredStateRepository.run": lambda call, _: [
        call(_nothing, is_rehearsal=is_rehearsal) for is_rehearsal in (False, True)
    ],
    "ConsentRepository.find": _consent_at_a_resource,
    "DeviceCodeRepository.poll": _twice,
    "EndedTokenRepository.deletions": lambda call, _: [
        delete(before=BASE, limit=10)
        for _ in ("their tokens", "their used tokens", "families")
        for delete in call()
    ],
    "GroupMemberRepository.add": lambda call, number: [
        call(
            identifier(number),
            identifier(number),
            is_full=False,
            now=BASE,
            event=new_event(),
            withdrawal=new_event(),
        )
    ],
    "HousekeepingRepository.deletions_by_expiry": lambda call, _: [
        delete(before=BASE, limit=10) for delete in call()
    ],
    "InvitationRepository.add": _invitation,
    "LimitCounterRepository.wait": lambda call, number: [call(_tries(number), now=BASE)],
    "LimitCounterRepository.take": lambda call, number: [call(_outcome(number))],
    "LimitCounterRepository.forget": _forget,
    "PasskeyRepository.add": _passkey,
    "RefusalRepository.delete_surplus": lambda call, _: [call(kept=1, limit=1)],
    "ResourceRepository.change": _resource,
    "ResourceRepository.delete": _resource,
    "RoleGrantRepository.add": _grants,
    "RoleRepository.add": _role_of_a_client,
    "UserRepository.replace_claims": _claims_with_new_words,
    "SessionRepository.list_page": _pages_of_sessions,
    "SessionRepository.mark_seen": lambda call, number: [
        call(argument(Session, "found", number, flag=True), now=BASE + timedelta(days=30))
    ],
    "SessionRepository.renew": lambda call, number: [
        call(argument(Session, "again", number, flag=True), event=event)
        for event in (new_event(), None)
    ],
    "UserSearchRepository.list_by_prefixes": _searches,
    "ClientSearchRepository.list_by_prefixes": _searches_of_clients,
    "SealedValueRepository.list_page": lambda call, _: [
        call(kind, after="", limit=10) for kind in PLACES
    ],
    "SealedValueRepository.replace": lambda call, number: [
        call(kind, [(SealedValue(identifier(number), digest(number)), b"new")]) for kind in PLACES
    ],
    "UserChangeRepository.together": lambda call, _: [call(_nothing)],
    "UserImportRepository.add_all": _import_into_a_group,
}
"""By method; each gives the calls to make, which are awaited in turn."""
