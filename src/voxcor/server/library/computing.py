"""What takes seconds or minutes of the library: answered 202 until it is there.

What is of one table alone is then kept until that changes.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse

from voxcor.library import derived
from voxcor.library.store import Library, ModelTable
from voxcor.result_folder import to_json
from voxcor.server.library.documents import Working, model_document
from voxcor.server.library.forms import Scope
from voxcor.server.library.tasks import LibraryTasks, Work
from voxcor.server.schemas import problems
from voxcor.server.service import service_of

# What takes no longer is answered at once.
DIRECT_S = 1.0

# Of a table of the library: a document, telling which share of the work is done.
Compute = Callable[[Library, ModelTable, Callable[[float], None]], dict[str, Any]]

LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": Working, "description": "It is being computed."},
    **problems(404, 429, 500, 501, 507),
}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.library_tasks = LibraryTasks()
    yield
    app.state.library_tasks.cancel_all()


# It has no routes: it holds what is under way, for those that do.
router = APIRouter(lifespan=_lifespan)


async def in_time(request: Request, key: str, work: Work) -> bytes | float:
    """What `work` gives, or how far it is, 0..1; whoever asks again under the same key gets it.

    Raises:
        VoxcorError: why there is none.
        QueueFull, NotReady: see `LibraryTasks.ask`.
    """
    tasks: LibraryTasks = request.app.state.library_tasks
    return await tasks.ask(key, work, DIRECT_S)


async def kept(
    request: Request,
    kind: str,
    form: Scope,
    compute: Compute,
    beside: Mapping[str, Any] | None = None,
) -> bytes | float:
    """What is kept as JSON, or computed in time and then kept, or how far it is.

    Args:
        request: of whom.
        kind: what is computed.
        form: of which segments, and how.
        compute: its document, to which the model is added.
        beside: on what else it depends, as JSON has it.
    """
    library = service_of(request).library
    form.filters.meant()  # what cannot be asked is said at once

    def look() -> tuple[ModelTable, int, str, bytes | None]:
        table = library.table(form.model)
        version = library.version(table)
        asked = {**form.model_dump(exclude={"model", "format"}), **(beside or {})}
        key = derived.key_of(kind, table.name, version, asked)
        return table, version, key, derived.read(library.folder, key)

    table, version, key, content = await asyncio.to_thread(look)

    def work(progress: Callable[[float], None]) -> bytes:
        document = compute(library, table, progress)
        named = {"map": key} if kind == "map" else {}
        answer = to_json({**named, "model": model_document(table.model), **document}).encode()
        library.keep(key, table, version, answer)
        return answer

    return content if content is not None else await in_time(request, key, work)


def answered(found: bytes | float, media_type: str = "application/json") -> Response:
    """The answer: what was computed, or that it is being computed."""
    if isinstance(found, float):
        working = {"state": "working", "progress": round(found, 3)}
        return JSONResponse(working, 202, {"Retry-After": "1"})
    return Response(found, media_type=media_type)


def key_of(kind: str, **asked: Any) -> str:
    """What is computed for whoever asks this, and not kept."""
    return f"{kind}.{hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()}"
