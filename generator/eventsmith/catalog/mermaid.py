"""The catalog as a Mermaid flowchart, for pages that draw those."""

from collections.abc import Iterator

from eventsmith.catalog.model import Catalog, Status
from eventsmith.catalog.notices import Notice


def mermaid(catalog: Catalog, notices: list[Notice]) -> str:
    """Return a flowchart: services, and events between them; a dotted arrow is a broken contract.

    Nodes have numbers for names, because a service may be called `end`.
    """
    return "\n".join(["flowchart LR", *_services(catalog), *_events(catalog), *_told(notices)])


def _services(catalog: Catalog) -> Iterator[str]:
    for slug, node in _nodes(catalog).items():
        missing = all(member.slug != slug for member in catalog.members)
        yield f'  {node}["{slug}{" (missing)" if missing else ""}"]'


def _events(catalog: Catalog) -> Iterator[str]:
    nodes = _nodes(catalog)
    for number, event in enumerate(catalog.events):
        node = f"e{number}"
        yield f'  {node}(["{event.type.name} v{event.type.version}"])'
        publishers = {side.service for side in event.publications}
        for slug in sorted(publishers):
            yield f"  {nodes[slug]} --> {node}"
        if not publishers:
            yield f"  {nodes[event.type.publisher]} -. nobody publishes it .-> {node}"
        for consumer in event.consumers:
            arrow = "-. breaks .->" if consumer.status is Status.BREAKS else "-->"
            yield f"  {node} {arrow} {nodes[consumer.side.service]}"


def _nodes(catalog: Catalog) -> dict[str, str]:
    slugs = [member.slug for member in catalog.members]
    slugs += [event.type.publisher for event in catalog.events if not event.publications]
    return {slug: f"s{number}" for number, slug in enumerate(dict.fromkeys(slugs))}


def _told(notices: list[Notice]) -> Iterator[str]:
    for notice in notices:
        yield f"  %% {notice.level}: {str(notice).replace('{', '(').replace('}', ')')}"
