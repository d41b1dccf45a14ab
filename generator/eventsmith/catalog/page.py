"""The catalog as one HTML page that needs nothing else: no network, and no script to be read."""

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from eventsmith.catalog import layout
from eventsmith.catalog.example import example
from eventsmith.catalog.graph import graph
from eventsmith.catalog.model import Catalog, Event, Status
from eventsmith.catalog.notices import Notice
from eventsmith.catalog.words import fields

_FOLDER = Path(__file__).parent
_STATUS = {
    Status.CURRENT: "",
    Status.BEHIND: "contract is behind",
    Status.BREAKS: "contract breaks",
    Status.UNKNOWN: "not compared",
}


def page(catalog: Catalog, notices: list[Notice]) -> str:
    """Return the page, in ASCII for every encoding; what comes from services is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["short"] = _short
    style, script = ((_FOLDER / name).read_text("utf-8") for name in ("page.css", "page.js"))
    warnings = [notice for notice in notices if notice.level == "warning"]
    text = environment.get_template("page.html.jinja").render(
        catalog=catalog,
        events=[_event(event, notices) for event in catalog.events],
        warnings=warnings,
        remarks=[notice for notice in notices if notice.level == "remark"],
        warned={notice.event for notice in warnings},
        picture=graph(catalog),
        place=layout,
        said=_STATUS,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
    )
    return text.encode("ascii", "xmlcharrefreplace").decode()


def _event(event: Event, notices: list[Notice]) -> Mapping[str, Any]:
    contract = event.contract
    about = "" if contract is None else contract.get("description")
    told = None if contract is None else fields(contract)
    return {
        "event": event,
        "description": about if isinstance(about, str) else "",
        "notices": [notice for notice in notices if notice.event == str(event.type)],
        "fields": told,
        "described": any(field.description for field in told or ()),
        "example": contract and json.dumps(example(contract), indent=2, ensure_ascii=False),
    }


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _short(text: str, most: int) -> str:
    """Cut a name to what fits into a box of the picture."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
