"""What the server logs, serves and removes."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from app.settings.groups.base import Default, SettingsGroup, WritableDirectory


class OperationSettings(SettingsGroup):
    """Logs, endpoints, request bodies and housekeeping."""

    title: ClassVar[str] = "Endpoints and logs"

    log_format: Literal["text", "json"] = Field(
        "text",
        description="The format of the log on standard error: `text` or `json`. With `json` every"
        " line that `postern serve` prints is a JSON object, including the banner, warnings,"
        " tracebacks and the lines of other libraries.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least severe level to log: `DEBUG`, `INFO`, `WARNING` or `ERROR`."
    )
    access_log: bool = Field(
        True,
        description="Log one line for each request: method, path without query, status, time,"
        " client, request id. No secrets.",
    )
    docs: bool = Field(True, description="Serve `/docs` and `/openapi.json`.")
    admin_api: bool = Field(
        True,
        description="Serve the admin API at `/admin/api/v1` and the console at `/admin`. With"
        " `false` the server is administered by the command line alone.",
    )
    fast_lane: bool = Field(
        True,
        description="Dispatch the hot endpoints before FastAPI's stack. The responses are the same"
        " without it.",
    )
    body_limit: int = Field(
        65_536,
        ge=1024,
        le=16_777_216,
        description="The largest request body, in bytes. A larger one is answered 413.",
    )
    body_timeout: float = Field(
        15.0,
        gt=0,
        le=15,
        description="How long a request body may take to arrive once it has begun; then 408.",
    )
    housekeeping_interval: float = Field(
        60.0,
        ge=0.05,
        le=86_400,
        description="How often expired rows are removed. One server at a time does it, one table"
        " at a time in short batches; a run that is not finished within one interval continues.",
    )
    refusals_kept: int = Field(
        10_000,
        ge=0,
        le=1_000_000,
        description="How many refused requests are stored, so that `postern refusals show` can"
        " explain one by its request id; `0` stores none. Each worker writes them every few"
        " seconds. Many refusals for one reason from one network are stored as a sample.",
    )
    unconfirmed_user_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="After how many days a user who registered and never confirmed a second factor"
        " is deleted; `0` keeps such users. The username can then be registered again. Users with"
        " a passkey, an identity provider or a valid link from an administrator are kept, and so"
        " are disabled users and users who have ever signed in.",
    )
    invitation_days: int = Field(
        7,
        ge=1,
        le=90,
        description="For how many days the link in an invitation is valid.",
    )
    audit_retention_days: Annotated[int | None, Default("for ever")] = Field(
        None,
        ge=1,
        le=36_500,
        description="For how many days audit events stay in the database. Once a day, older ones"
        " are moved to a new file in `AUDIT_ARCHIVE_DIR`, as by `postern audit archive`, and no"
        " longer appear on account pages.",
    )
    audit_archive_dir: WritableDirectory | None = Field(
        None,
        description="The directory for these files; required with `AUDIT_RETENTION_DAYS`. With"
        " several servers, let it be one that all of them share.",
        examples=["a directory such as `/var/lib/postern/audit`"],
    )
