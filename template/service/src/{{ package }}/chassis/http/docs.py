"""The page `/docs`: Swagger UI, which may load its own parts and nothing else."""

import hashlib
import re
from base64 import b64encode

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse

PARTS = "https://cdn.jsdelivr.net"
_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def docs_router(title: str) -> APIRouter:
    """Serves the page, in the place of FastAPI's."""
    router = APIRouter(include_in_schema=False)
    page = get_swagger_ui_html(
        openapi_url="openapi.json", title=title, swagger_favicon_url="data:,"
    )
    page.headers["content-security-policy"] = _policy(page)

    @router.get("/docs")
    async def docs() -> HTMLResponse:
        return page

    return router


def _policy(page: HTMLResponse) -> str:
    """The one script that stands in the page is allowed by what it says."""
    digests = [hashlib.sha256(script).digest() for script in _INLINE.findall(bytes(page.body))]
    scripts = " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src {scripts} {PARTS}; style-src 'unsafe-inline' {PARTS}; "
        "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
    )
