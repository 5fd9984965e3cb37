"""`postern settings list`: the settings in force, without secrets, and where they come from."""

import sys

from app.cli.base import command_settings, has_database
from app.cli.output import show
from app.cli.parameters import AsJson
from app.cli.parsing import Commands
from app.cli.rows import Row
from app.settings import SettingInForce, misspelt_settings, setting_sources, settings_in_force

SET = {True: "set", False: "not set"}

cli = Commands("settings", help="Show the settings in force.")


@cli.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List all settings with their values, and where each comes from.

    Secrets are only said to be set or not set. The source is the environment, .env or the default.
    """
    settings = command_settings(creates_secret=has_database())
    sources = setting_sources()
    show(
        [
            _row(each, sources.get(each.name, "default"), as_json=as_json)
            for each in settings_in_force(settings)
        ],
        as_json=as_json,
    )
    for line in misspelt_settings():
        print(line, file=sys.stderr)


def _row(setting: SettingInForce, source: str, *, as_json: bool) -> Row:
    if as_json:
        return {
            "name": setting.name,
            "value": setting.value,
            "source": source,
            "is_secret": setting.is_secret,
            "is_set": setting.is_set,
        }
    value = SET[setting.is_set] if setting.is_secret else setting.value
    return {"name": setting.name, "value": value, "source": source}
