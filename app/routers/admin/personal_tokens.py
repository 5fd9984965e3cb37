"""Personal access tokens of users, to list and to revoke."""

from typing import Annotated

from app.dependencies import AccountsDep, OAuthDep
from app.models.oauth.personal_tokens import PersonalToken
from app.routers.admin.access import require
from app.routers.admin.cursors import PageDep
from app.routers.admin.parameters import TokenId, UserId
from app.routers.admin.routes import admin_router
from app.schemas.admin.personal_tokens import PersonalTokenList, PersonalTokenResource
from app.schemas.admin_scopes import AdminScope
from app.services.operations.authority import Authority

READS = require(AdminScope.TOKENS_READ)
Writes = Annotated[Authority, require(AdminScope.TOKENS_WRITE)]

router = admin_router("users", tag="Users")


@router.get("/{user_id}/personal-tokens", dependencies=[READS])
async def list_personal_tokens(
    user_id: UserId, accounts: AccountsDep, oauth: OAuthDep, page: PageDep
) -> PersonalTokenList:
    """List the valid personal access tokens of a user."""
    user = await accounts.users.get_by_id(user_id)
    rows = sorted(await oauth.personal_tokens.list_of(user), key=lambda each: each.token_id)
    rest = [each for each in rows if each.token_id > page.last]
    tokens, cursor = page.cut(rest[: page.size], lambda each: each.token_id)
    return PersonalTokenList(items=[_resource(each) for each in tokens], next_cursor=cursor)


@router.delete("/{user_id}/personal-tokens/{token_id}", status_code=204)
async def revoke_personal_token(
    user_id: UserId, token_id: TokenId, authority: Writes, oauth: OAuthDep
) -> None:
    """Revoke a personal access token of a user."""
    await oauth.personal_tokens.revoke_by_administrator(user_id, token_id, authority=authority)


def _resource(token: PersonalToken) -> PersonalTokenResource:
    return PersonalTokenResource(
        token_id=token.token_id,
        name=token.name,
        resource=token.audience,
        scope=token.scope,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
