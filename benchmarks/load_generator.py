"""Load generator: keep-alive connections that send a request after each response.

Runs as a separate process and reads one job per line from standard input, so that it shares
neither the interpreter nor the event loop with the measured server.
"""

import asyncio
import base64
import gc
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import psutil
import uvloop

DRAIN_SECONDS = 15.0
OVERLOADED = 503
NextRequest = Callable[[bytes | None], bytes | None]
"""Returns the request after a response, or None if there are no more."""


class Connection(asyncio.Protocol):
    """One client; its next request may depend on the previous response."""

    def __init__(self, next_request: NextRequest, run: "Run") -> None:
        self._next_request = next_request
        self._run = run
        self._buffer = b""
        self._sent_at = self._due_at = 0.0
        self._is_waiting = False
        self.finished = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def send(self, answer: bytes | None = None) -> None:
        request = self._next_request(answer)  # keeps the last token of a chain for the next round
        if request is None or time.perf_counter() >= self._run.deadline:
            self._finish()
            return
        self._is_waiting = True
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        head = data.find(b"\r\n\r\n")
        field = data.find(b"content-length: ", 0, head)
        if head < 0 or len(data) < head + 4 + int(data[field + 16 : data.find(b"\r\n", field)]):
            self._buffer = data
            return
        self._buffer = b""
        self._is_waiting = False
        status = int(data[9:12])
        if status == 200:
            self._run.latencies.append(time.perf_counter() - self._sent_at)
            self._send_in_time(data)
            return
        self._run.refused[status] += 1
        if status == OVERLOADED and self._run.is_patient:  # after Retry-After, as it should
            self._run.loop.call_later(1.0, self.send)
        else:
            self._send_in_time()

    def send_at(self, due_at: float) -> None:
        """Send the first request of a run with a rate at this time."""
        self._due_at = due_at
        self._run.loop.call_later(max(0.0, due_at - time.perf_counter()), self.send)

    def _send_in_time(self, answer: bytes | None = None) -> None:
        """Send the next request, at its time if the requests of the run have a rate."""
        if self._run.pause is None:
            self.send(answer)
            return
        self._due_at += self._run.pause
        delay = self._due_at - time.perf_counter()
        self._run.loop.call_later(max(0.0, delay), self.send, answer)

    def connection_lost(self, error: Exception | None) -> None:
        if self._is_waiting:
            self._run.refused["connection lost"] += 1
        self._finish()

    def close(self) -> None:
        self._is_waiting = False
        self._transport.abort()

    def _finish(self) -> None:
        if not self.finished.done():
            self.finished.set_result(None)


class Run:
    """One round: a number of connections, for a number of seconds, against one server."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._job = job
        self.loop = asyncio.get_running_loop()
        self.latencies: list[float] = []
        self.refused: Counter[int | str] = Counter()
        self.deadline = 0.0
        self.seconds: float = job["seconds"]
        rate: float | None = job.get("rate")
        self.pause = job["connections"] / rate if rate else None
        """Seconds between two requests of a connection, if they have a rate."""
        self.is_patient: bool = job.get("is_patient", True)

    async def measure(self) -> dict[str, Any]:
        job, server = self._job, family(psutil.Process(self._job["pid"]))
        chains = [Chain(job["requests"][0], token) for token in job["chains"]]
        once = Once(job["requests"]) if job.get("is_once") else None
        with_proof = with_proofs_for(job["proofs_for"]) if job.get("proofs_for") else None
        connections: list[Connection] = []
        for number in range(job["connections"]):
            next_request = once or (chains[number] if chains else cycle(job["requests"], number))
            if with_proof is not None:
                next_request = with_proof(next_request)
            _, connection = await self.loop.create_connection(
                partial(Connection, next_request, self), "127.0.0.1", job["port"]
            )
            connections.append(connection)
        cpu_before, started_at = cpu_seconds(server), time.perf_counter()
        self.deadline = started_at + job["seconds"]
        for number, connection in enumerate(connections):
            if self.pause is None:
                connection.send()
            else:  # one after the other: otherwise all requests of a turn arrive together
                connection.send_at(started_at + self.pause * number / len(connections))
        await asyncio.wait(
            [connection.finished for connection in connections],
            timeout=job["seconds"] + DRAIN_SECONDS,
        )
        elapsed = time.perf_counter() - started_at
        cpu = cpu_seconds(server) - cpu_before
        for connection in connections:
            connection.close()
        return {
            "completed": len(self.latencies),
            "refused": self.refused,
            "seconds": elapsed,
            "cpu_seconds": cpu,
            "p50_ms": quantile(self.latencies, 0.50) * 1000,
            "p99_ms": quantile(self.latencies, 0.99) * 1000,
            "chains": [chain.token for chain in chains],
            "taken": once.taken if once is not None else None,
        }


class Chain:
    """A chain of refresh tokens: each request presents the token of the previous response."""

    MARK = b'"refresh_token":"'

    def __init__(self, beginning: str, token: str) -> None:
        self._beginning = beginning.encode()
        self.token = token

    def __call__(self, answer: bytes | None) -> bytes:
        if answer is not None:
            start = answer.index(self.MARK) + len(self.MARK)
            self.token = answer[start : answer.index(b'"', start)].decode()
        return self._beginning + self.token.encode()


class Once:
    """Requests that all connections share, so that each is sent at most once."""

    def __init__(self, requests: list[str]) -> None:
        self._encoded = [request.encode() for request in requests]
        self.taken = 0

    def __call__(self, _: bytes | None) -> bytes | None:
        if self.taken == len(self._encoded):
            return None
        self.taken += 1
        return self._encoded[self.taken - 1]


def cycle(requests: list[str], start: int) -> NextRequest:
    """Repeat the same requests; each connection starts at a different one."""
    encoded = [request.encode() for request in requests]
    position = start % len(encoded) - 1

    def following(_: bytes | None) -> bytes:
        nonlocal position
        position = (position + 1) % len(encoded)
        return encoded[position]

    return following


def with_proofs_for(url: str) -> Callable[[NextRequest], NextRequest]:
    """Return a function that adds a new DPoP proof (RFC 9449) to each of the next requests.

    Each connection has a key of its own.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    from app.security.signatures import P256_BYTES, SIGNERS

    def encoded(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

    def with_proof(next_request: NextRequest) -> NextRequest:
        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_numbers()
        x, y = (encoded(each.to_bytes(P256_BYTES, "big")) for each in (point.x, point.y))
        jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        header = encoded(json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}).encode())

        def following(answer: bytes | None) -> bytes | None:
            request = next_request(answer)
            if request is None:
                return None
            claims = {"jti": os.urandom(12).hex(), "htm": "POST", "htu": url, "iat": time.time()}
            signed = f"{header}.{encoded(json.dumps(claims).encode())}"
            proof = f"{signed}.{encoded(SIGNERS['ES256'](key, signed.encode()))}"
            line, end, rest = request.partition(b"\r\n")
            return line + end + f"DPoP: {proof}\r\n".encode() + rest

        return following

    return with_proof


def family(process: psutil.Process) -> list[psutil.Process]:
    """Return a server's process, with its workers if it has several."""
    return [process, *process.children(recursive=True)]


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Return the user and system time of processes with all their threads."""
    every = [process.cpu_times() for process in processes]
    return float(sum(times.user + times.system for times in every))


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[int(len(ordered) * share)] if ordered else 0.0


async def answer(line: str) -> dict[str, Any]:
    return await Run(json.loads(line)).measure()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process ends this one
    gc.disable()
    for line in sys.stdin:
        print(json.dumps(uvloop.run(answer(line))), flush=True)
        gc.collect()
