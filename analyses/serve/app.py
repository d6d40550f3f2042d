"""The web application behind `interpret serve`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING, Any

from motiflens.analyses.report.glyphs import COLOURS, glyphs
from motiflens.analyses.report.window_view import parse_region
from motiflens.analyses.serve.guard_requests import GuardRequests
from motiflens.analyses.serve.limits import Limits
from motiflens.analyses.serve.model_queue import ModelQueue
from motiflens.analyses.serve.read_request import Named, number_of, read_json, read_sequences, text_of
from motiflens.analyses.serve.refused_error import RefusedError
from motiflens.analyses.serve.served_run import ServedRun
from motiflens.models import types

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

_STATIC = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
_LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})


def make_app(
    runs: Mapping[str, ServedRun], *, limits: Limits | None = None, hosts: frozenset[str] | None = _LOCAL
) -> Starlette:
    """Make the application.

    Parameters
    ----------
    runs
        What is served, by the names that clients use; see `open_runs`.
    limits
        What a client may ask.
    hosts
        Names under which the page answers; None for any.

    Returns
    -------
    Starlette
        ``GET /``, ``/healthz``, ``/api/runs``, ``/static/…``; ``POST /api/predict``, ``/api/explain``,
        ``/api/locus``. Errors are JSON, ``{"error": one line}``, with a status that tells their kind.

    Raises
    ------
    ImportError
        Without the extra ``serve``.
    """
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Route

    limits = limits or Limits()
    site = _Site(dict(runs), limits)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        site.queue.close()

    return Starlette(
        routes=[
            Route("/", site.page),
            Route("/healthz", site.health),
            Route("/static/{name}", site.static),
            Route("/api/runs", site.list_runs),
            Route("/api/predict", site.predict, methods=["POST"]),
            Route("/api/explain", site.explain, methods=["POST"]),
            Route("/api/locus", site.locus, methods=["POST"]),
        ],
        middleware=[Middleware(GuardRequests, hosts=hosts, per_client=limits.per_client)],
        exception_handlers={RefusedError: _refused},
        lifespan=lifespan,
    )


async def _refused(_: Request, error: Exception) -> Response:
    from starlette.responses import JSONResponse

    assert isinstance(error, RefusedError)
    headers = {"retry-after": "5"} if error.status in (429, 503) else None
    return JSONResponse({"error": error.message}, error.status, headers)


class _Site:
    """The handlers, and what they share: runs, limits, the queue before the model."""

    def __init__(self, runs: dict[str, ServedRun], limits: Limits) -> None:
        self.runs, self.limits, self.queue = runs, limits, ModelQueue(limits)

    async def page(self, _: Request) -> Response:
        from starlette.responses import Response

        return Response(_file("page.html"), media_type="text/html; charset=utf-8")

    async def health(self, _: Request) -> Response:
        from starlette.responses import JSONResponse

        return JSONResponse({"status": "ready", "runs": len(self.runs)})

    async def static(self, request: Request) -> Response:
        from starlette.responses import Response

        name = request.path_params["name"]
        if name not in _STATIC:
            raise RefusedError(404, "there is no such file")
        return Response(_file(name), media_type=_STATIC[name])

    async def list_runs(self, _: Request) -> Response:
        from starlette.responses import JSONResponse

        described = [run.describe() for run in self.runs.values()]
        return JSONResponse({"runs": described, "glyphs": glyphs(), "colours": COLOURS})

    async def predict(self, request: Request) -> Response:
        from starlette.responses import JSONResponse, StreamingResponse

        content = await read_json(request, self.limits)
        run = self._run(content)
        work = run.predict(read_sequences(text_of(content, "sequences"), self.limits))
        if content.get("stream") is True:
            return StreamingResponse(self._lines(request, work), media_type="application/x-ndjson")
        entries = [step async for step in self.queue.steps(work, request.is_disconnected) if "name" in step]
        return JSONResponse(entries)

    async def _lines(self, request: Request, work: Iterator[types.Json]) -> AsyncIterator[str]:
        """Yield a line of JSON a step; what goes wrong on the way is the last line."""
        try:
            async for step in self.queue.steps(work, request.is_disconnected):
                yield json.dumps(step) + "\n"
        except RefusedError as error:
            yield json.dumps({"error": error.message}) + "\n"

    async def explain(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        content = await read_json(request, self.limits)
        run = self._run(content)
        letters = text_of(content, "sequence")
        sequences = read_sequences(letters, self.limits)
        if len(sequences) > 1:
            raise RefusedError(400, "one sequence at a time is explained")
        method = text_of(content, "method", default="input_x_gradient")
        if method not in run.methods:
            raise RefusedError(400, f"there is no such method: choose one of {', '.join(run.methods)}")
        task = run.task(text_of(content, "task", default=""))
        start = number_of(content, "start", default=0, low=0, high=self.limits.bases)
        one = Named(text_of(content, "name", default=sequences[0].name)[:120], sequences[0].letters)
        return JSONResponse(await self.queue.once(partial(run.explain, one, start, task, method)))

    async def locus(self, request: Request) -> Response:
        from starlette.responses import JSONResponse

        content = await read_json(request, self.limits)
        run = self._run(content)
        text = text_of(content, "locus")
        try:
            chrom, start, end = parse_region(text)
        except ValueError:
            raise RefusedError(400, "this is no place: write chr1:1000-1200") from None
        if end - start > self.limits.bases:
            raise RefusedError(413, f"a place may have {self.limits.bases:,} bases at most")
        letters = await self.queue.once(partial(run.letters_at, chrom, start, end))
        return JSONResponse({"name": f"{chrom}:{start}-{end}", "letters": letters})

    def _run(self, content: dict[str, Any]) -> ServedRun:
        name = text_of(content, "run")
        if name not in self.runs:
            raise RefusedError(404, "there is no such run: choose one that /api/runs lists")
        return self.runs[name]


def _file(name: str) -> bytes:
    return (resources.files("motiflens.analyses.serve") / "static" / name).read_bytes()
