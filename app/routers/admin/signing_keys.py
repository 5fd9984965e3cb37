"""Keys that sign ID tokens."""

from typing import Annotated

from fastapi import Depends

from app.dependencies import OAuthDep
from app.models.oauth.signing_keys import SigningKey
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody
from app.routers.admin.routes import admin_router
from app.schemas.admin.signing_keys import KeyRotation, SigningKeyList, SigningKeyResource
from app.schemas.admin_scopes import AdminScope
from app.services.oauth.signing_key_states import KeyState
from app.services.operations.authority import Authority

READS = require(AdminScope.KEYS_READ)
Writes = Annotated[Authority, require(AdminScope.KEYS_WRITE)]

router = admin_router("keys", tag="Signing keys")


@router.get("", dependencies=[READS])
async def list_keys(oauth: OAuthDep) -> SigningKeyList:
    """List signing keys, the newest of each algorithm first."""
    keys = await oauth.signing_keys.list_all()
    items = [_resource(key, oauth.signing_keys.state_of(key, keys)) for key in keys]
    return SigningKeyList(items=items, next_cursor=None)


@router.post("/rotate", status_code=201)
async def rotate_keys(
    authority: Writes,
    body: Annotated[KeyRotation, Depends(JsonBody(KeyRotation))],
    oauth: OAuthDep,
) -> SigningKeyList:
    """Publish new keys. They start to sign after a minute; the old ones stay published."""
    kids = await oauth.signing_keys.rotate(body.algorithm, authority=authority)
    keys = await oauth.signing_keys.list_all()
    items = [
        _resource(key, oauth.signing_keys.state_of(key, keys)) for key in keys if key.kid in kids
    ]
    return SigningKeyList(items=items, next_cursor=None)


def _resource(key: SigningKey, state: KeyState) -> SigningKeyResource:
    return SigningKeyResource(
        kid=key.kid,
        algorithm=key.algorithm,
        state=state.value,
        created_at=key.created_at,
        signs_from=key.signs_from,
    )
