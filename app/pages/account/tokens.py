"""`/account/tokens`: personal access tokens, each for one resource."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from app.details import Detail
from app.errors import ConflictError, InvalidInputError
from app.i18n.messages import N_
from app.models.oauth.resources import Resource
from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import AccountPage
from app.pages.support import Errors, ShowAgainError, redirect, shows_again
from app.pages.support.urls import ACCOUNT
from app.services.accounts.events import AccountEvent
from app.services.oauth.personal_tokens import MAXIMUM_DAYS, MAXIMUM_NAME, personal_scopes

router = account_router()

PLACE = "tokens"
PATH = f"{ACCOUNT}/{PLACE}"
SCOPE_FIELD = "scope:"
USUAL_DAYS = "90"


@dataclass(frozen=True, slots=True)
class TokenView:
    token_id: str
    name: str
    resource: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class ScopeView:
    field: str
    name: str
    description: str
    is_chosen: bool


async def tokens_page(
    request: AccountRequest, errors: Errors | None = None, *, created: str = ""
) -> Response:
    services, fields = request.services.oauth, request.fields
    typed: Mapping[str, str] = {} if created else fields
    offered = await services.personal_tokens.resources_for(request.user)
    known = {each.identifier: each.title for each in await services.resource_catalogue.list_all()}
    chosen = _chosen(offered, typed.get("resource", ""))
    return request.account_page(
        "account_tokens.html",
        errors,
        tokens=[
            TokenView(
                token_id=token.token_id,
                name=token.name,
                resource=known.get(token.audience, token.audience),
                scopes=token.scope.split(),
                created_at=token.created_at,
                expires_at=token.expires_at,
                last_used_at=token.last_used_at,
            )
            for token in await services.personal_tokens.list_of(request.user)
        ],
        offered=offered,
        chosen=chosen,
        scopes=_scopes(request, chosen, typed) if chosen is not None else [],
        typed={"name": typed.get("name", ""), "days": typed.get("days", USUAL_DAYS)},
        maximum_name=MAXIMUM_NAME,
        maximum_days=MAXIMUM_DAYS,
        created=created,
    )


@router.get(PATH)
async def show(request: AccountRequestDep) -> Response:
    return await tokens_page(request)


@router.post(PATH)
@shows_again(tokens_page, shows_limits=False)
async def create(request: AccountRequestDep) -> Response:
    request.check("name", "days")
    fields, services = request.fields, request.services
    name, days = fields.get("name", "").strip(), fields.get("days", "").strip()
    if not (days.isascii() and days.isdigit() and len(days) <= len(str(MAXIMUM_DAYS))):
        raise ShowAgainError({"days": request.text(Detail.PERSONAL_TOKEN_DAYS)})
    try:
        token = await services.oauth.personal_tokens.create(
            request.user,
            name=name,
            resource_name=fields.get("resource", ""),
            scopes={
                field.removeprefix(SCOPE_FIELD) for field in fields if field.startswith(SCOPE_FIELD)
            },
            days=int(days),
        )
    except InvalidInputError as error:
        field = error.field if error.field in ("name", "days") else ""
        raise ShowAgainError({field or "": request.text(error.detail)}) from None
    except ConflictError as error:
        raise ShowAgainError({"": request.text(error.detail)}) from None
    await services.core.notices.send(request.user, AccountEvent.PERSONAL_TOKEN_CREATED, name=name)
    return await tokens_page(request, created=token)


@router.post(f"{PATH}/revoke")
async def revoke(request: AccountRequestDep) -> Response:
    request.check()
    token_id = request.fields.get("token_id", "")
    await request.services.oauth.personal_tokens.revoke(request.user, token_id)
    return redirect(PATH)


async def tokens_state(request: AccountRequest) -> str | None:
    """Return the number of tokens for the overview; None if there are none and none can be made."""
    service = request.services.oauth.personal_tokens
    if tokens := await request.once(service.list_of):
        return request.text("Created: %(count)s") % {"count": len(tokens)}
    return "" if await request.once(service.resources_for) else None


def _chosen(offered: Sequence[Resource], name: str) -> Resource | None:
    """Return the resource that the form is for: the named one, or the only one."""
    if len(offered) == 1:
        return offered[0]
    return next((resource for resource in offered if resource.name == name), None)


def _scopes(
    request: AccountRequest, resource: Resource, typed: Mapping[str, str]
) -> Sequence[ScopeView]:
    allowed = personal_scopes(resource)
    return [
        ScopeView(
            field=f"{SCOPE_FIELD}{scope.name}",
            name=scope.name,
            description=scope.text_in(request.language),
            is_chosen=f"{SCOPE_FIELD}{scope.name}" in typed,
        )
        for scope in resource.scopes
        if scope.name in allowed
    ]


PAGE = AccountPage(
    place=PLACE,
    label=N_("Access tokens"),
    needs_fresh_sign_in=True,
    accepts_mail_code=False,
    always_needs_second_factor=True,
    router=router,
    state=tokens_state,
)
