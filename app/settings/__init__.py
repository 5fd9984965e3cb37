"""Settings of the server. There is no global instance; `load_settings()` returns a new one."""

from app.settings.in_force import SettingInForce, settings_in_force
from app.settings.loading import (
    environment_value,
    flask_env_asks_for_https,
    load_settings,
    setting_sources,
)
from app.settings.misspelt import misspelt_settings
from app.settings.model import Environment, Settings
from app.settings.values import describe_database, sqlite_path

__all__ = [
    "Environment",
    "SettingInForce",
    "Settings",
    "describe_database",
    "environment_value",
    "flask_env_asks_for_https",
    "load_settings",
    "misspelt_settings",
    "setting_sources",
    "settings_in_force",
    "sqlite_path",
]
