"""Models on their way in: one at a time, in a thread, with a log that any number may follow."""

import contextvars
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voxcor.errors import PullCancelled, PullInProgress, VoxcorError
from voxcor.models.cards import Card
from voxcor.models.store import name_of
from voxcor.server.event_log import EventLog
from voxcor.server.service import Service

if TYPE_CHECKING:
    from voxcor.models.install import InstallProgress, InstallStage

    # Installs a model, telling how far it is; its card.
    Work = Callable[[InstallProgress], Card]

logger = logging.getLogger("voxcor.server")


class _Stopped(BaseException):
    """Nobody wants it any longer. No Exception: those the hubs' clients take for the network's, and
    try again.
    """


@dataclass(frozen=True, slots=True)
class _Install:
    log: EventLog
    stopped: threading.Event = field(default_factory=threading.Event)


class Installs:
    """The one that runs, and the last of each model."""

    def __init__(self) -> None:
        self._installs: dict[str, _Install] = {}

    def log_of(self, model: str) -> EventLog | None:
        """What happened to the last one of this name."""
        install = self._installs.get(model)
        return None if install is None else install.log

    def begin(self, service: Service, name: str, work: "Work") -> None:
        """Starts it in a thread that does not keep the process alive: a download can be resumed.

        Args:
            service: is to answer with the model as soon as it is there.
            name: the one that the model will have.
            work: installs it.

        Raises:
            PullInProgress: there is one already.
        """
        for other, install in self._installs.items():
            if not install.log.ended:
                raise PullInProgress(model=other)
        begun = self._installs[name] = _Install(EventLog())
        context = contextvars.copy_context()
        arguments = (_run, service, name, work, begun)
        threading.Thread(target=context.run, args=arguments, daemon=True).start()

    def cancel(self, name: str) -> bool:
        """Tells it to stop when it next says how far it is; False where there was none."""
        install = self._installs.get(name)
        if install is not None:
            install.stopped.set()
        return install is not None


def _run(service: Service, name: str, work: "Work", install: _Install) -> None:
    log, percent = install.log, -1

    def progress(stage: "InstallStage", share: float) -> None:
        nonlocal percent
        if install.stopped.is_set():
            raise _Stopped
        if percent != (percent := int(100 * share)):
            log.step(stage, share=round(share, 2))

    try:
        card = work(progress)
        installed = name_of(card.id, card.precision)
        # Its first request shall not wait for it.
        service.recognizers.get(installed)
    except _Stopped:
        log.add("failed", **PullCancelled(model=name).to_dict())
    except VoxcorError as error:
        log.add("failed", **error.to_dict())
    except Exception:
        logger.exception("installing %s failed", name)
        log.add("failed", **VoxcorError(reason="see the log of the server").to_dict())
    else:
        log.add("done", id=installed, sha256=card.sha256)
