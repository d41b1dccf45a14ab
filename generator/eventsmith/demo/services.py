"""The services that the demo runs: started until they are ready, and read by their logs."""

import json
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eventsmith.demo.programs import START_TIMEOUT, Program
from eventsmith.errors import EventsmithError

# The address of the API, which `dev` tells in words between the lines of its log.
_ADDRESS = re.compile(r"^[^{\n]*?(http://[^\s/]+)", re.MULTILINE)


class Service(Program):
    """A generated service, run by `dev`; `streams` are those that it consumes."""

    def __init__(self, folder: Path, given: Mapping[str, str], streams: Sequence[str]) -> None:
        super().__init__(folder, given, folder.with_name(f"{folder.name}.log"))
        self.slug = folder.name
        self.url = ""
        self._streams = set(streams)

    def start(self) -> None:
        """Start it and wait until its API listens and its consumer and relay work."""
        begin = self.log.stat().st_size if self.log.exists() else 0
        until = time.monotonic() + START_TIMEOUT
        self.spawn(self.slug, "dev")
        while not self._ready(begin):
            self.require_alive()
            if time.monotonic() > until:
                raise EventsmithError(f"{self.slug} is not ready; see {self.log}")
            time.sleep(0.02)

    def told(self, begin: int = 0) -> list[dict[str, Any]]:
        """Return the complete lines of its log, from a position on."""
        lines = self._written(begin).splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("\n")]

    def _ready(self, begin: int) -> bool:
        told = self.told(begin)
        address = _ADDRESS.search(self._written(begin))
        self.url = address[1] if address else ""
        consuming = {line["stream"] for line in told if line["event"] == "consumer.ready"}
        relaying = any(line["event"] == "relay.ready" for line in told)
        return bool(self.url) and relaying and consuming >= self._streams

    def _written(self, begin: int) -> str:
        return self.log.read_bytes()[begin:].decode()
