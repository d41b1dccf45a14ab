"""Who is logged in: a signed cookie, of which nothing is stored.

Every key comes from the token, so a new token ends every session.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

HOURS = 8
"""After which a session ends."""


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's session until `expires`, in seconds of Unix time."""

    kind: str
    expires: int
    nonce: str

    @property
    def name(self) -> str:
        """What the log calls it."""
        return self.nonce[:8]


class Sessions:
    """Makes and knows sessions. A `guest` may log in, an `operator` has shown the token."""

    def __init__(self, token: str, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(token.encode(), b"the desk", "sha256")
        self._token = self._signed("token", token)
        self._clock = clock

    def open(self, kind: str) -> Session:
        """A new session."""
        return Session(kind, int(self._clock()) + HOURS * 3600, secrets.token_hex(16))

    def cookie(self, session: Session) -> str:
        """The session as a cookie's value."""
        text = f"{session.kind}.{session.expires}.{session.nonce}"
        return f"{text}.{self._signed('session', text)}"

    def read(self, cookie: str, kind: str) -> Session | None:
        """The session of a cookie; None if it is forged, over, or of another kind."""
        text, _, signature = cookie.rpartition(".")
        if not _same(signature, self._signed("session", text)):
            return None
        found, expires, nonce = text.split(".")
        session = Session(found, int(expires), nonce)
        return session if found == kind and session.expires > self._clock() else None

    def form_token(self, session: Session) -> str:
        """What the forms of a session carry, and no other site can know."""
        return self._signed("form", session.nonce)

    def owns(self, session: Session, form_token: str) -> bool:
        """Whether a form was made for this session."""
        return _same(form_token, self.form_token(session))

    def admits(self, token: str) -> bool:
        """Whether this is the token; the time it takes tells nothing of it."""
        return _same(self._signed("token", token.strip()), self._token)

    def _signed(self, purpose: str, text: str) -> str:
        message = f"{purpose}\n{text}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, message, "sha256").hex()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
