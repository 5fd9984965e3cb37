"""JSON bodies of the admin API, and JSON Merge Patch (RFC 7396).

They are read after the caller's authority has been checked: a stranger learns nothing about them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from app.details import Detail
from app.errors import UnsupportedMediaTypeError
from app.security.text import is_encodable

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
Model = TypeVar("Model", bound=BaseModel)
Members = dict[str, Any]


class JsonBody(Generic[Model]):
    """A dependency that returns the body of a request as its model."""

    media_type: ClassVar[str] = JSON
    """The documented one; generators of clients expect one."""
    media_types: ClassVar[Sequence[str]] = (JSON,)

    def __init__(self, model: type[Model]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> Model:
        return _matching(self.model, await _read(request, self.media_types))


class MergePatch(Generic[Model]):
    """A dependency that returns the members of a merge patch, which its model describes."""

    media_type: ClassVar[str] = MERGE_PATCH
    media_types: ClassVar[Sequence[str]] = (MERGE_PATCH, JSON)

    def __init__(self, model: type[Model]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> Members:
        members = await _read(request, self.media_types)
        _matching(self.model, members)
        return dict(members)


def validated(model: type[Model], members: Any) -> Model:
    """Return members as a model; raise `RequestValidationError`."""
    return _result_of(lambda: model.model_validate(members))


def _matching(model: type[Model], members: Any) -> Model:
    """Return members that have the types of the documented schema: `0` is not `false` there."""
    return _result_of(lambda: model.model_validate_json(json.dumps(members), strict=True))


def _result_of(validate: Callable[[], Model]) -> Model:
    try:
        return validate()
    except ValidationError as error:
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        raise RequestValidationError(
            [{**each, "loc": ("body", *each["loc"])} for each in problems]
        ) from None


def merged(document: Mapping[str, Any], patch: Mapping[str, Any]) -> Members:
    """Return a document with a merge patch applied (RFC 7396 section 2)."""
    members = dict(document)
    for name, value in patch.items():
        if value is None:
            members.pop(name, None)
        elif isinstance(value, Mapping):
            before = members.get(name)
            members[name] = merged(before if isinstance(before, Mapping) else {}, value)
        else:
            members[name] = value
    return members


def _number(text: str) -> int | float:
    """Return a number; `1.0` is an integer, as in JSON Schema."""
    value = float(text)
    return int(value) if value.is_integer() else value


async def _read(request: Request, media_types: Sequence[str]) -> Any:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in media_types:
        raise UnsupportedMediaTypeError(Detail.BODY_NOT_JSON)
    try:
        members = json.loads(await request.body(), parse_float=_number)
    except (ValueError, RecursionError):
        raise HTTPException(400) from None
    if not is_encodable(members):
        raise HTTPException(400)
    return members
