"""Requests to the API, and how long each took.

Plain asyncio, so that the one who measures takes little of the machine.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from statistics import quantiles
from time import perf_counter
from typing import Self

numbers = count(1)


@dataclass(frozen=True, slots=True)
class Load:
    """What a load came to: requests a second, and the seconds that each took."""

    rate: float
    seconds: Sequence[float]

    def percentile(self, percent: float) -> float:
        """Milliseconds within which so many percent were answered."""
        return 1000 * percentile(self.seconds, percent)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many percent do not exceed."""
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=1000, method="inclusive")[round(percent * 10) - 1]


class Connection:
    """One connection to the API, which is kept open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect to the API on this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, path: str, customer: str) -> float:
        """Create an order, for a customer of this name; the seconds that it took."""
        body = json.dumps({"customer_id": customer, "total_amount": "19.99"}).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        began = perf_counter()
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        said = await self._reader.readexactly(length)
        took = perf_counter() - began
        if not answer.startswith(b"http/1.1 201"):
            raise RuntimeError(f"the API answers {said.decode()}")
        return took

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def flood(port: int, path: str, requests: int, connections: int) -> Load:
    """Send so many requests, each connection sending its next one when the last is answered."""
    seconds: list[float] = []
    left = iter(range(requests))

    async def send(connection: Connection) -> None:
        for _ in left:
            took = await connection.post(path, f"c-{next(numbers)}")
            seconds.append(took)

    opened = [await Connection.open(port) for _ in range(connections)]
    began = perf_counter()
    await asyncio.gather(*map(send, opened))
    elapsed = perf_counter() - began
    for connection in opened:
        connection.close()
    return Load(requests / elapsed, seconds)
