"""A line to a server, which a test can silence, or cut between a request and its answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

PORTS = {"redis": 6379, "postgres": 5432, "postgresql": 5432}


class Line:
    """Carries what clients and one server tell each other. `url` leads to the server over it.

    `round_trips` counts how often a client asked and had to wait for the answer.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self.round_trips = 0
        self._server = parts.hostname or "127.0.0.1", parts.port or PORTS[parts.scheme]
        self._passing = asyncio.Event()
        self._passing.set()
        self._cut = self._refusing = False
        self._talks: set[asyncio.Task[None]] = set()

    def silence(self) -> None:
        """Carry nothing more, like a dead network: connections stay, and can be opened."""
        self._passing.clear()

    def half_open(self) -> None:
        """Carry nothing more on the connections that there are; new ones work."""
        self.silence()
        self._passing = asyncio.Event()
        self._passing.set()

    def refuse(self) -> None:
        """End every new connection at once."""
        self._refusing = True

    def restore(self) -> None:
        """Carry everything again, first of all what was held back of those who still wait."""
        self._refusing = False
        self._passing.set()

    def cut_before_the_next_answer(self) -> None:
        """Let the next request arrive, and end its connection before the answer does."""
        self._cut = True

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Take connections for the block, and end all of them after it."""
        listening = await asyncio.start_server(self._take, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        parts = urlsplit(self.url)
        user, at, _ = parts.netloc.rpartition("@")
        self.url = parts._replace(netloc=f"{user}{at}127.0.0.1:{port}").geturl()
        try:
            yield
        finally:
            listening.close()
            for talk in self._talks:
                talk.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)

    def _take(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self._refusing:
            to_client.transport.abort()
            return
        talk = asyncio.create_task(self._talk(client, to_client))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        passing, waiting = self._passing, asyncio.Event()
        server, to_server = await asyncio.open_connection(*self._server)
        ways = [
            asyncio.create_task(self._carry(client, to_server, passing, waiting)),
            asyncio.create_task(self._carry(server, to_client, passing, waiting, answers=True)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            to_server.transport.abort()
            to_client.transport.abort()

    async def _carry(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        passing: asyncio.Event,
        waiting: asyncio.Event,
        *,
        answers: bool = False,
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                if not passing.is_set():
                    await passing.wait()
                    if source.at_eof():
                        return
                if answers and self._cut:
                    self._cut = False
                    return
                self._count(waiting, answers)
                sink.write(data)
                await sink.drain()

    def _count(self, waiting: asyncio.Event, answers: bool) -> None:
        if answers:
            waiting.clear()
        elif not waiting.is_set():
            waiting.set()
            self.round_trips += 1


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[Line]:
    """A line that lasts as long as the block."""
    line = Line(url)
    async with line.open():
        yield line
