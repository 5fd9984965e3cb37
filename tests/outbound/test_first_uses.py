"""The first lookup, mail and request import their libraries in threads, off the event loop."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.machine import run_variables, scaled

ROOT = Path(__file__).parents[2]

SCRIPT = """
import asyncio, contextlib, datetime, importlib.abc, json, sys, threading

from app.outbound.email import Email, EmailError, EmailSender
from app.outbound.errors import FetchError
from app.outbound.http import OutboundHttp
from app.outbound.names import HostNames

LATE = {"aiodns", "pycares", "httpcore", "aiosmtplib", "email.headerregistry", "email.policy"}
MAIL = Email("id", "ada@example.com", "Hello", "text", "<p>text</p>", "en", datetime.datetime.now())
where = {}

class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in LATE:
            is_main = threading.current_thread() is threading.main_thread()
            where[name] = "main" if is_main else "other"

async def main():
    sys.meta_path.insert(0, Watch())
    sender = EmailSender(
        host="127.0.0.1", port=1, security="none", username=None, password=None,
        mail_from="postern@example.com",
    )
    with contextlib.suppress(OSError):
        await HostNames().addresses_of("localhost", 80)
    with contextlib.suppress(EmailError):
        await sender.send(MAIL)
    with contextlib.suppress(FetchError):
        await OutboundHttp(allowed_hosts=["127.0.0.1"]).get("http://127.0.0.1:1/")
    print(json.dumps([sorted(LATE - where.keys()), sorted(set(where.values()))]))

asyncio.run(main())
"""


@pytest.mark.slow
async def test_libraries_of_outbound_connections_are_imported_in_threads() -> None:
    result = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={"PATH": "", **run_variables()},
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == [[], ["other"]]
