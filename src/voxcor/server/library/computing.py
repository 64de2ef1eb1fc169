"""What takes seconds of the library and is not kept: answered 202 until it is there."""

import hashlib
import json
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from voxcor.server.library.documents import Working
from voxcor.server.library.tasks import LibraryTasks, Work
from voxcor.server.schemas import problems

# What takes no longer is answered at once.
DIRECT_S = 1.0

LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": Working, "description": "It is being computed."},
    **problems(404, 429, 500, 501, 507),
}


def key_of(kind: str, **asked: Any) -> str:
    """Under what something is computed: all that it depends on, as JSON has it."""
    return f"{kind}.{hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()}"


async def in_time(request: Request, key: str, work: Work) -> bytes | float:
    """What `work` gives, or how far it is, 0..1; whoever asks again under the same key gets it.

    Raises:
        VoxcorError: why there is none.
        QueueFull, NotReady: see `LibraryTasks.ask`.
    """
    tasks: LibraryTasks = request.app.state.library_tasks
    return await tasks.ask(key, work, DIRECT_S)


def answered(found: bytes | float) -> Response:
    """The answer: what was computed, or that it is being computed."""
    if isinstance(found, float):
        working = {"state": "working", "progress": round(found, 3)}
        return JSONResponse(working, 202, {"Retry-After": "1"})
    return Response(found, media_type="application/json")
