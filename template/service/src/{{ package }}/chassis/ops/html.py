"""Pages of HTML: everything that goes into one is escaped, and nothing in one can run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..texts import STATES, cell, first_line, lines, moment, printable, several
from .figures import age, ago, points

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
ASSETS = {"desk.css": "text/css", "desk.svg": "image/svg+xml"}

_environment = Environment(
    loader=PackageLoader(__package__),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    "age": age,
    "ago": ago,
    "cell": cell,
    "first_line": first_line,
    "lines": lines,
    "moment": moment,
    "points": points,
    "printable": printable,
    "state": lambda state: STATES.get(state, state),
}
_environment.globals |= {"several": several}


def page(request: Request, name: str, context: Mapping[str, object], status: int = 200) -> Response:
    """The page of templates/`name`.html."""
    service = request.app.title
    template = _environment.get_template(f"{name}.html")
    text = template.render(context, service=service, now=datetime.now(UTC))
    return HTMLResponse(text, int(status), HEADERS)


def asset(name: str) -> Response:
    """A file that pages refer to."""
    content = files(__package__).joinpath(name).read_bytes()
    headers = HEADERS | {"Cache-Control": "no-cache"}
    return Response(content, headers=headers, media_type=ASSETS[name])
