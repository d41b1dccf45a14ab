"""A line in the log for each request, and its duration among the metrics."""

from time import perf_counter

import structlog
from opentelemetry import trace
from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..tracing.messaging import continued
from .problems import METHODS, problem

QUIET = ("/health/", "/metrics", "/backlog")
"""Polled paths: logged at DEBUG only, and left out of the metrics."""
REQUESTS = Histogram("http_request_seconds", "Duration of requests", ["method", "route", "status"])

log = structlog.get_logger()


class RequestLog:
    """Runs each request in a trace, its caller's if it sends a `traceparent`, and logs it.

    An unexpected error is logged and answered here, so that its text, which may hold values of
    the request, goes nowhere else.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def observe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = perf_counter()
        with trace.use_span(_span(scope), record_exception=False, set_status_on_exception=False):
            try:
                await self._app(scope, receive, observe)
            except Exception as error:
                log.exception("http.failed", error=type(error).__name__)
                if status:  # the connection has to break: part of another answer is sent
                    raise
                answer = problem(500, "an unexpected error; it has been logged")
                await answer(scope, receive, observe)
            finally:
                _record(scope, status, perf_counter() - started)


def _span(scope: Scope) -> trace.Span:
    """The span of OpenTelemetry's instrumentation where spans are exported; else ids alone."""
    current = trace.get_current_span()
    if current.get_span_context().is_valid or scope["path"].startswith(QUIET):
        return current
    return continued({name.decode(): value.decode("latin-1") for name, value in scope["headers"]})


def _record(scope: Scope, status: int, seconds: float) -> None:
    # Not the path: it may hold values, and its number of series has no bound.
    route = getattr(scope.get("route"), "path", "unmatched")
    method = scope["method"] if scope["method"] in METHODS else "other"
    duration = round(seconds * 1000, 1)
    if scope["path"].startswith(QUIET):
        log.debug("http.request", method=method, route=route, status=status, duration_ms=duration)
        return
    REQUESTS.labels(method, route, status).observe(seconds)
    log.info("http.request", method=method, route=route, status=status, duration_ms=duration)
