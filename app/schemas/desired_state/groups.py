"""Groups in files of desired state."""

from typing import Annotated

from pydantic import Field

from app.schemas.groups import GroupBody, RoleReference


class GroupState(GroupBody):
    """A group and its roles. Its members are never in a file."""

    roles: Annotated[tuple[RoleReference, ...], Field(max_length=500)] = ()
