"""A service that calls another one with its own credentials."""

import json
import os
from pathlib import Path

import httpx
from postern_kit import ClientCredentials, ClientCredentialsAuth

REPORTS = os.environ.get("RESOURCE", "http://localhost:8001")
client = json.loads(Path("caller.json").read_text())
credentials = ClientCredentials(
    os.environ.get("ISSUER", "http://localhost:5000"),
    client["client_id"],
    client["client_secret"],
    resource=REPORTS,
)


def main() -> None:
    with httpx.Client(base_url=REPORTS, auth=ClientCredentialsAuth(credentials)) as reports:
        print(reports.get("/reports").json())
        print(reports.get("/reports").json())  # with the same token
        refused = reports.post("/reports")
        print(refused.status_code, refused.headers["www-authenticate"])
    refused = httpx.get(f"{REPORTS}/reports")
    print(refused.status_code, refused.headers["www-authenticate"])


if __name__ == "__main__":
    main()
