"""Requests by a key that their sender chose, so that it can give one up before it knows an id.

Between the moment a server answers and the moment the answer arrives, only the server knows the id
of what it makes. Who gives up then would leave a result behind that nobody wanted.
"""

from collections import OrderedDict
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request

from voxcor.server.schemas import problems
from voxcor.server.work import Work, abandon

if TYPE_CHECKING:
    from voxcor.server.service import Service

router = APIRouter(tags=["recognition"])

HEADER = "Request-Key"
LONGEST_KEY = 128  # characters

# A key is of use for the length of its request, and a little longer.
_KEPT = 1000


class RequestKeys:
    """The latest keys, with the work of each; None where it was given up before it arrived."""

    def __init__(self) -> None:
        self._works: OrderedDict[str, Work | None] = OrderedDict()

    def enter(self, key: str | None, work: Work) -> None:
        """Work has come with this key, or with none."""
        if key is None:
            return
        if key in self._works and self._works[key] is None:
            work.cancellation.set()
        self._keep(key, work)

    def give_up(self, key: str) -> Work | None:
        """What is to be given up; None where it has not arrived, and will be when it does."""
        if self._works.get(key) is None:
            self._keep(key, None)
        return self._works[key]

    def _keep(self, key: str, work: Work | None) -> None:
        self._works[key] = work
        while len(self._works) > _KEPT:
            self._works.popitem(last=False)


@router.delete(
    "/v1/recognize/{key}",
    status_code=204,
    summary="Give up a request · 放弃一个请求",
    responses=problems(500),
)
async def give_up(
    request: Request,
    key: Annotated[
        str,
        Path(
            description=f"Its header `{HEADER}`. · 请求头中的 `{HEADER}`。", max_length=LONGEST_KEY
        ),
    ],
) -> None:
    """Whether it has not arrived, is being received, runs or is done: nothing of it stays."""
    service: Service = request.app.state.service
    if work := service.request_keys.give_up(key):
        await abandon(service, work)
