"""A service that accepts access tokens of Postern for itself."""

import os
from typing import Annotated

from fastapi import Depends, FastAPI
from postern_kit import AccessToken, ResourceServer
from postern_kit.fastapi import Protection

app = FastAPI()
protection = Protection(
    ResourceServer(
        os.environ.get("RESOURCE", "http://localhost:8001"),
        issuer=os.environ.get("ISSUER", "http://localhost:5000"),
        scopes_supported=["reports:read", "reports:write"],
    )
)
protection.install(app)
Reader = Annotated[AccessToken, Depends(protection.requires("reports:read"))]
Writer = Annotated[AccessToken, Depends(protection.requires("reports:write"))]


@app.get("/reports")
def read_reports(token: Reader) -> dict[str, str]:
    """Return the reports of the calling client."""
    return {"reports for": token.subject}


@app.post("/reports")
def add_report(token: Writer) -> dict[str, str]:
    """Add a report; clients get this scope only if they request it."""
    return {"added by": token.subject}
