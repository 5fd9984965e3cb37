"""A process of an agent: it reads the stored tokens once, and writes them after each refresh.

Arguments: the URL of the server, the client's id and the file. Refreshes once for each line of the
input, and prints the status of the response, with its body if the refresh was refused.
"""

import json
import os
import sys
from pathlib import Path

import httpx


def main() -> None:
    url, client_id, file = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    stored = json.loads(file.read_text())
    with httpx.Client(base_url=url, timeout=120) as http:
        for _ in sys.stdin:
            response = http.post(
                "/token",
                data={
                    "grant_type": "refresh_token",
                    "client_id": client_id,
                    "refresh_token": stored["refresh_token"],
                },
            )
            if response.status_code != 200:
                tell(f"{response.status_code} {response.text}")
                return
            stored = response.json()
            written = file.with_suffix(f".{os.getpid()}")
            written.write_text(json.dumps(stored))
            written.replace(file)
            tell("200")


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
