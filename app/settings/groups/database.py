"""The database and its connections."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from app.settings.groups.base import Default, InLowerCase, SettingsGroup
from app.settings.values import has_numeric_ports, sqlite_path


class DatabaseSettings(SettingsGroup):
    """SQLite or PostgreSQL."""

    title: ClassVar[str] = "Database"

    database_url: str = Field(
        "sqlite:///./data/postern.db",
        description="The database: `postgresql://…`, `postgres://…` or `sqlite:///…`. For"
        " PostgreSQL it may contain libpq parameters (such as `?sslmode=require`) and several"
        " hosts. Of several hosts the one that accepts writes is used"
        " (`target_session_attrs=read-write`, unless the URL says otherwise); each gets its share"
        " of `DATABASE_TIMEOUT` to answer, and one more connection per process checks it every"
        " second. For SQLite, a path after three slashes is relative, after four absolute.",
        examples=["postgresql://postern:PASSWORD@db.example.com:5432/postern"],
    )
    database_pool_size: int = Field(
        5,
        ge=1,
        le=100,
        description="Connections per process for ordinary statements. In addition, batches use up"
        " to nine connections, and transactions delayed by a lock use two.",
    )
    database_pooler: Annotated[Literal["session", "transaction"], InLowerCase] = Field(
        "session",
        description="Set it to `transaction` if a pooler (PgBouncer, Supavisor, Neon's) gives each"
        " transaction another connection; see [deployment](deployment.md#postgresql). Session"
        " mode, and a direct connection, need no setting.",
    )
    database_timeout: float = Field(
        5.0,
        gt=0,
        le=60,
        description="Time limit for connecting to PostgreSQL, for each statement and for each"
        " lock; then 503. All database steps of a request together may take one second more.",
    )
    sqlite_synchronous: Literal["FULL", "NORMAL"] = Field(
        "FULL",
        description="`FULL`: acknowledged writes survive a power loss. `NORMAL` is faster and may"
        " lose the most recent ones.",
    )
    sqlite_busy_timeout: float = Field(
        10.0,
        gt=0,
        le=60,
        description="How long SQLite waits while another process writes; then 503. All database"
        " steps of a request together may take one second more.",
    )
    migrate_on_start: Annotated[
        bool | None, Default("`true` for SQLite and in development, otherwise `false`")
    ] = Field(
        None,
        description="Whether the server migrates an older or empty database at startup. Otherwise"
        " run `postern migrate`.",
    )

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        scheme, separator, rest = value.partition("://")
        name = scheme.partition("+")[0]
        if name not in ("sqlite", "postgresql", "postgres") or not separator:
            raise ValueError("must begin with postgresql://, postgres:// or sqlite:///")
        if name == "sqlite" and sqlite_path(value) is None:
            raise ValueError("must name a file, such as sqlite:///./data/postern.db")
        if name != "sqlite" and not has_numeric_ports(rest):
            raise ValueError("must have a numeric port")
        return value

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def data_directory(self) -> Path:
        """The directory of the files next to the database: the generated key, the certificate."""
        path = sqlite_path(self.database_url)
        return path.parent if path is not None else Path("data")
