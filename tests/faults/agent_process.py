"""A process of an agent: it reads the stored tokens once, and writes them after each refresh.

Arguments: the URL of the server, the client's id, the file, and how often to refresh. Prints the
status of each response.
"""

import json
import os
import sys
from pathlib import Path

import httpx


def main() -> None:
    url, client_id, file, times = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
    stored = json.loads(file.read_text())
    with httpx.Client(base_url=url, timeout=30) as http:
        for _ in range(times):
            response = http.post(
                "/token",
                data={
                    "grant_type": "refresh_token",
                    "client_id": client_id,
                    "refresh_token": stored["refresh_token"],
                },
            )
            sys.stdout.write(f"{response.status_code}\n")
            if response.status_code != 200:
                sys.stdout.write(f"{response.text}\n")
                return
            stored = response.json()
            written = file.with_suffix(f".{os.getpid()}")
            written.write_text(json.dumps(stored))
            written.replace(file)


if __name__ == "__main__":
    main()
