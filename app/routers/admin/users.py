"""Users: lists, searches, creation, and what belongs to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Response

from app.dependencies import AccountsDep
from app.models.accounts.users import User
from app.repositories.accounts.user_search import InactivePosition, Position
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody, Members, MergePatch, merged, validated
from app.routers.admin.cursors import Page, PageDep
from app.routers.admin.parameters import GROUP_ID, UserId
from app.routers.admin.preconditions import IfMatch, etag_of, set_etag
from app.routers.admin.routes import CREATED, WITH_ETAG, admin_router, created
from app.routers.admin.user_resources import user_details, user_resource
from app.schemas.admin.moments import Moment
from app.schemas.admin.users import (
    VERIFICATIONS,
    AdminUserCreate,
    ChangedClaims,
    UserCreated,
    UserDetails,
    UserList,
    UserPatch,
)
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.administration.changes import UserChange, version_of
from app.services.operations.authority import Authority
from app.wiring import Accounts

READS = require(AdminScope.USERS_READ)
Writes = Annotated[Authority, require(AdminScope.USERS_WRITE)]

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
    if search:
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
    created(response, f"users/{new.user.user_id}", version=version_of(new.user, {}))
    return UserCreated(
        **user_resource(new.user).model_dump(),
        otp_uri=new.enrolment.otp_uri,
        warning=new.warning,
    )


@router.get("/{user_id}", dependencies=[READS], responses=WITH_ETAG)
async def read_user(user_id: UserId, accounts: AccountsDep, response: Response) -> UserDetails:
    """Return a user with factors, groups, roles, sessions and the last sign-in."""
    return await _details(accounts, user_id, response)


@router.patch("/{user_id}", responses=WITH_ETAG)
async def change_user(
    user_id: UserId,
    authority: Writes,
    precondition: IfMatch,
    patch: Annotated[Members, Depends(MergePatch(UserPatch))],
    accounts: AccountsDep,
    response: Response,
) -> UserDetails:
    """Change claims and attributes of a user, or disable or enable them: all, or nothing."""
    user, attributes = await _state(accounts, user_id)
    version = version_of(user, attributes)
    precondition.check(etag_of(version))
    change = UserChange(
        **_changed_claims(user, patch.get("claims", {})),
        attributes={
            name: value
            for name, value in patch.get("attributes", {}).items()
            if value != attributes.get(name)
        },
        disabled=patch.get("disabled"),
    )
    await accounts.administration.changes.make(
        user_id, change, version=version, authority=authority
    )
    return await _details(accounts, user_id, response)


@router.delete("/{user_id}", status_code=204)
async def remove_user(
    user_id: UserId, authority: Writes, precondition: IfMatch, accounts: AccountsDep
) -> None:
    """Delete an account permanently, with all of its data. Its events stay in the audit log."""
    precondition.check(etag_of(version_of(*await _state(accounts, user_id))))
    await accounts.administration.users.delete(user_id, authority=authority)


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


async def _state(accounts: Accounts, user_id: str) -> tuple[User, Mapping[str, Any]]:
    """Return what can be changed of a user."""
    user = await accounts.users.get_by_id(user_id)
    return user, await accounts.user_attributes.of(user_id)


async def _details(accounts: Accounts, user_id: str, response: Response) -> UserDetails:
    details = await accounts.administration.details.read(user_id)
    set_etag(response, version_of(details.user, details.attributes))
    return user_details(details)


def _changed_claims(user: User, patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a patch changes the claims: those to set, to remove, and to mark as verified."""
    before = {**dict.fromkeys(VERIFICATIONS, False), **user.claim_values}
    after = merged(before, patch)
    names = [name for name in patch if after.get(name) != before.get(name)]
    stated = {name: after[name] for name in names if name in after and name not in VERIFICATIONS}
    for name in VERIFICATIONS:  # an address that is stated again is unverified
        address = name.removesuffix("_verified")
        if name in names and not after[name] and address in after:
            stated[address] = after[address]
    vouched_for = [name for name in VERIFICATIONS if patch.get(name)]
    return {
        "claims": validated(ChangedClaims, stated),
        "unset": [name for name in names if name not in after],
        "vouched_for": [
            name
            for name in vouched_for
            if name in names or name.removesuffix("_verified") in stated
        ],
    }


def _listing(users: Sequence[User], cursor: str | None) -> UserList:
    return UserList(items=[user_resource(user) for user in users], next_cursor=cursor)
