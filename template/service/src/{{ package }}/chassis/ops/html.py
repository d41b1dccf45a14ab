"""Pages of HTML: everything that goes into one is escaped, and nothing in one can run."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from .. import texts

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
_UNITS = {"d": 86_400, "h": 3_600, "min": 60}


def page(request: Request, name: str, context: Mapping[str, object], status: int = 200) -> Response:
    """The page of templates/`name`.html."""
    template = _environment.get_template(f"{name}.html")
    html = template.render(context, service=request.app.title, now=datetime.now(UTC))
    return HTMLResponse(html, int(status), HEADERS)


async def asset(name: str, _: Request) -> Response:
    """A file that pages refer to."""
    content = files(__package__).joinpath(name).read_bytes()
    headers = HEADERS | {"Cache-Control": "no-cache"}
    return Response(content, headers=headers, media_type=ASSETS[name])


def age(seconds: float) -> str:
    """A span of time in its largest unit."""
    for unit, size in _UNITS.items():
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def ago(moment: datetime) -> str:
    """How long ago something was."""
    return f"{age((datetime.now(UTC) - moment).total_seconds())} ago"


_environment = Environment(
    loader=PackageLoader(__package__),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {
    function.__name__: function
    for function in (
        *(age, ago, texts.cell, texts.first_line, texts.lines),
        *(texts.moment, texts.printable, texts.several, texts.state),
    )
}
