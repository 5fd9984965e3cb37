"""Parameters in the paths of the admin API."""

from typing import Annotated

from fastapi import Path

GroupId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
UserId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
RoleId = Annotated[
    str,
    Path(
        pattern="^([0-9a-f]{32}|administrator|auditor)$",
        description="The ID of a role; those of the reserved roles are their names.",
    ),
]
