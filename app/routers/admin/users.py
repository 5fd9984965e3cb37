"""Users: lists, searches, creation, and what belongs to them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Response

from app.dependencies import AccountsDep
from app.details import Detail
from app.errors import NotFoundError
from app.models.accounts.users import User
from app.repositories.accounts.user_search import InactivePosition, Position
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody
from app.routers.admin.cursors import Page, PageDep
from app.routers.admin.parameters import GROUP_ID, Moment, UserId
from app.routers.admin.preconditions import set_etag
from app.routers.admin.roles import role_resource
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created
from app.schemas.admin.users import (
    AdminUserCreate,
    EndedSessions,
    GroupOfUser,
    UserCreated,
    UserDetails,
    UserList,
    UserResource,
)
from app.schemas.admin_scopes import AdminScope
from app.services.operations.authority import Authority
from app.wiring import Accounts

READS = require(AdminScope.USERS_READ)
Writes = Annotated[Authority, require(AdminScope.USERS_WRITE)]
EndsSessions = Annotated[Authority, require(AdminScope.SESSIONS_WRITE)]

router = admin_router("users", tag="Users")


@router.get("", dependencies=[READS])
async def list_users(
    accounts: AccountsDep,
    page: PageDep,
    search: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Words that begin the username, the email address or a word of the name.",
        ),
    ] = None,
    group: Annotated[
        str | None,
        Query(pattern=GROUP_ID, description="The ID of a group of which they are members."),
    ] = None,
    not_signed_in_since: Annotated[
        Moment | None, Query(description="Users without a sign-in since then, longest first.")
    ] = None,
) -> UserList:
    """List users. Without a filter they are ordered by name."""
    if not_signed_in_since is not None:
        return await _inactive(accounts, page, not_signed_in_since, group=group, text=search or "")
    if group is not None:
        members = await accounts.user_search.list_of_group(
            group, search or "", after=page.last, limit=page.size
        )
        return _listing(*page.cut(members, lambda user: user.user_id))
    if search is not None:
        after = Position(*page.after) if page.after is not None else None
        found = await accounts.user_search.find(search, after=after, limit=page.size)
        rows, cursor = page.cut(found, lambda row: row[1])
        return _listing([user for user, _ in rows], cursor)
    users = await accounts.users.list_page(after=page.last, limit=page.size)
    return _listing(*page.cut(users, lambda user: user.username_key))


@router.post("", status_code=201, responses=CREATED)
async def create_user(
    authority: Writes,
    body: Annotated[AdminUserCreate, Depends(JsonBody(AdminUserCreate))],
    accounts: AccountsDep,
    response: Response,
) -> UserCreated:
    """Create a user, who confirms the authenticator app with a first code.

    One who does not confirm it within UNCONFIRMED_USER_DAYS is deleted, unless they have a role.
    """
    new = await accounts.administration.users.create(
        body, vouched_for=body.vouched_for, authority=authority
    )
    created(response, f"users/{new.user.user_id}", version=_version_of(new.user, {}))
    return UserCreated(
        **_resource(new.user).model_dump(), otp_uri=new.enrolment.otp_uri, warning=new.warning
    )


@router.get("/{user_id}", dependencies=[READS], responses=WITH_ETAG)
async def read_user(user_id: UserId, accounts: AccountsDep, response: Response) -> UserDetails:
    """Return a user with attributes, groups, roles and the last sign-in."""
    user = await _get(accounts, user_id)
    attributes = dict(await accounts.user_attributes.of(user_id))
    groups = {group.group_id: group.name for group, _ in await accounts.groups.groups_of(user_id)}
    roles = await accounts.role_grants.roles_of_user(user_id)
    set_etag(response, _version_of(user, attributes))
    return UserDetails(
        **_resource(user).model_dump(),
        attributes=attributes,
        groups=[GroupOfUser(group_id=group_id, name=name) for group_id, name in groups.items()],
        roles=[role_resource(role) for role in roles],
        last_sign_in_at=await accounts.user_search.last_sign_in(user_id),
    )


@router.post("/{user_id}/sign-out")
async def sign_out_user(
    user_id: UserId, authority: EndsSessions, accounts: AccountsDep
) -> EndedSessions:
    """End all sessions of a user, with their tokens."""
    await _get(accounts, user_id)
    ended = await accounts.administration.users.sign_out(user_id, authority=authority)
    return EndedSessions(ended_sessions=ended)


async def _inactive(
    accounts: Accounts, page: Page, since: datetime, *, group: str | None, text: str
) -> UserList:
    after = None
    if page.after is not None:
        moment, user_id = page.after
        after = InactivePosition(datetime.fromisoformat(moment), user_id)
    found = await accounts.user_search.list_inactive(
        since=since, group_id=group, text=text, after=after, limit=page.size
    )
    rows, cursor = page.cut(found, lambda row: (row.inactive_since.isoformat(), row.user.user_id))
    return _listing([row.user for row in rows], cursor)


async def _get(accounts: Accounts, user_id: str) -> User:
    user = await accounts.users.find(user_id)
    if user is None:
        raise NotFoundError(Detail.USER_UNKNOWN)
    return user


def _listing(users: Sequence[User], cursor: str | None) -> UserList:
    return UserList(items=[_resource(user) for user in users], next_cursor=cursor)


def _resource(user: User) -> UserResource:
    return UserResource(
        user_id=user.user_id,
        username=user.username,
        claims=dict(user.claim_values),
        otp_confirmed=user.has_confirmed_otp,
        disabled=user.is_disabled,
        created_at=user.created_at,
    )


def _version_of(user: User, attributes: Mapping[str, Any]) -> str:
    """Return a version of what can be changed of a user: a digest, since users have no number."""
    state = [user.username, user.claims, str(user.disabled_at), attributes]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:32]
