"""Settings in force. They are set in the environment of the server, not here."""

from app.dependencies import CoreDep
from app.routers.admin.access import require
from app.routers.admin.routes import admin_router
from app.schemas.admin.settings import SettingList, SettingResource
from app.schemas.admin_scopes import AdminScope
from app.settings import settings_in_force

READS = require(AdminScope.SETTINGS_READ)

router = admin_router("settings", tag="Settings")


@router.get("", dependencies=[READS])
async def list_settings(core: CoreDep) -> SettingList:
    """List all settings with their values; secrets are only said to be set or not."""
    items = [
        SettingResource.model_validate(each, from_attributes=True)
        for each in settings_in_force(core.settings)
    ]
    return SettingList(items=items, next_cursor=None)
