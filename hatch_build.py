"""Build hook: compile the translations into the wheel. The checkout stays as it is."""

import runpy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CODE = "postern_server/_code"


class CatalogueHook(BuildHookInterface[Any]):
    """Adds a compiled `.mo` file for each `.po` file, which the wheel leaves out."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        compiled = runpy.run_path(str(root / "app/i18n/catalogues.py"))["compiled"]
        self._directory = TemporaryDirectory(prefix="postern-catalogues-")
        for source in sorted(root.glob("app/i18n/translations/*/LC_MESSAGES/*.po")):
            name = source.relative_to(root).with_suffix(".mo")
            built = Path(self._directory.name) / name
            built.parent.mkdir(parents=True, exist_ok=True)
            built.write_bytes(compiled(source.read_text(encoding="utf-8")))
            build_data["force_include"][str(built)] = f"{CODE}/{name.as_posix()}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._directory.cleanup()
