"""What a browser sends: the fields of a form, and the dead letters that somebody means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import QueryParams
from starlette.requests import Request

from ..messaging.dead_letters.selection import Selection

Fields = Mapping[str, Sequence[str]]
MOST_BYTES = 64 * 1024
"""Of a form."""
MOST_LETTERS = 100
"""That can be named one by one; a page has fewer."""


class Action(StrEnum):
    """What can be decided."""

    REPLAY = "replay"
    DISCARD = "discard"


class Unfit(Exception):
    """A request that is answered by a page that says why nothing was done."""

    def __init__(self, status: HTTPStatus, explanation: str) -> None:
        super().__init__(explanation)
        self.status = status
        self.explanation = explanation


@dataclass(frozen=True, slots=True)
class Meant:
    """What is to be done with which dead letters: those of these numbers, or of a group."""

    action: Action
    ids: tuple[int, ...]
    group: str | None
    upto: int | None

    @property
    def selection(self) -> Selection:
        """Which dead letters are asked for. One that is marked for replay can be discarded by its
        number only."""
        by_number = bool(self.ids) and self.action is Action.DISCARD
        return Selection(self.ids, self.group, marked=by_number, upto=self.upto)

    @property
    def origin(self) -> str:
        """The page that shows them: one letter, a group, or all."""
        if self.group:
            return f"/ops/letters?{urlencode({'group': self.group})}"
        return address_of(self.ids)

    @property
    def query(self) -> str:
        """What is meant, as the query of an address."""
        chosen = [("id", str(number)) for number in self.ids] or [("group", self.group or "")]
        return urlencode([("action", self.action), *chosen])


def address_of(ids: Sequence[int]) -> str:
    """The page that shows these dead letters, decided on or not."""
    if len(ids) == 1:
        return f"/ops/letters/{ids[0]}"
    return f"/ops/letters?{urlencode([('id', number) for number in ids])}"


def numbers(fields: Fields) -> tuple[int, ...]:
    """The dead letters that are named one by one; raises Unfit."""
    ids = fields.get("id", ())
    if len(ids) > MOST_LETTERS:
        raise Unfit(HTTPStatus.BAD_REQUEST, f"Choose at most {MOST_LETTERS} dead letters.")
    return tuple(sorted(set(map(number, ids))))


def meant(fields: Fields) -> Meant:
    """Read what is meant; raises Unfit."""
    action, group = first(fields, "action"), first(fields, "group") or None
    ids, upto = numbers(fields), first(fields, "upto")
    if action not in set(Action) or bool(ids) == bool(group):
        raise Unfit(HTTPStatus.BAD_REQUEST, "Choose at least one dead letter, then what to do.")
    return Meant(Action(action), ids, group, number(upto) if upto else None)


def number(text: str) -> int:
    """The number of a dead letter; raises Unfit."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 2**63):
        raise Unfit(HTTPStatus.BAD_REQUEST, "That is not the number of a dead letter.")
    return int(text)


def first(fields: Fields, name: str) -> str:
    """A field that has one value, or none."""
    return next(iter(fields.get(name, ())), "").replace("\x00", "")


def query(params: QueryParams) -> Fields:
    """The fields of an address."""
    return {name: params.getlist(name) for name in params}


async def form(request: Request) -> Fields:
    """The fields of a form; raises Unfit."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Unfit(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That form is too large.")
    try:
        return parse_qs(body.decode(), max_num_fields=2 * MOST_LETTERS)
    except ValueError:
        raise Unfit(HTTPStatus.BAD_REQUEST, "That form cannot be read.") from None
