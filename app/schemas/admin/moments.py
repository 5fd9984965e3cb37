"""Times in bodies and parameters of the admin API."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

NOT_RFC3339 = "Input should be a date and time with an offset (RFC 3339)"
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def _date_and_time(value: Any) -> Any:
    """Refuse the number of seconds that Pydantic accepts as well."""
    if not isinstance(value, str) or "T" not in value.upper():
        raise PydanticCustomError("datetime_parsing", NOT_RFC3339)
    return value


def _storable(value: datetime) -> datetime:
    """Return a time that databases can compare."""
    return min(max(value, EARLIEST), LATEST)


BodyMoment = Annotated[AwareDatetime, AfterValidator(_storable)]
"""In a body, where numbers are refused without it."""
Moment = Annotated[AwareDatetime, BeforeValidator(_date_and_time), AfterValidator(_storable)]
"""In a query."""
