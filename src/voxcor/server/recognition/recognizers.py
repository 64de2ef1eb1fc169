"""The models in memory: one `Recognizer` each, loaded when first asked for."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from weakref import WeakValueDictionary

from voxcor.errors import ModelError
from voxcor.models.cards import OFFICIAL
from voxcor.models.store import ModelFolder, find_model, installed, unknown
from voxcor.recognizer import Recognizer
from voxcor.results import ModelInfo

# plus-large takes 650 MB; whoever compares two should not wait for either.
MOST_LOADED = 2

_Key = tuple[str, str, str, bool]


class Recognizers:
    """Shared by all threads.

    A model that is pulled or replaced while the server runs is there with the next request.

    Args:
        default: MODEL of a request that names none.
        threads: of one pass through a model; None for all cores.
        on_change: is told of a model that was loaded (True) or dropped (False).
    """

    def __init__(
        self,
        default: str,
        threads: int | None,
        on_change: Callable[[ModelInfo, bool], None] = lambda _model, _is_loaded: None,
    ) -> None:
        self.default = default
        self._threads = threads
        self._on_change = on_change
        self._loaded: OrderedDict[_Key, Recognizer] = OrderedDict()
        # A long recording, or a job, may still be at work with one that was dropped; whoever asks
        # for it again gets that one, so that each model is in memory once.
        self._working: WeakValueDictionary[_Key, Recognizer] = WeakValueDictionary()
        self._lock = threading.Lock()

    def get(self, model: str | None = None) -> Recognizer:
        """The recognizer of an installed model; it may take a while to load, so not on the loop.

        Args:
            model: `auto` or an id of `voxcor models list`; None for the default. A folder is not
                taken: whoever may send recordings may not have files of the server opened.

        Raises:
            UnknownModel, ModelNotInstalled, ModelCorrupt: as `voxcor.models.store.find_model`.
        """
        folder = self.require(model)
        name, key = self.default if model is None else model, _key_of(folder)
        # Held while loading: two loads at a time would only be slower, and twice the memory.
        with self._lock:
            found = self._loaded.pop(key, None)
            if found is None:
                # Room first: what is dropped need not be in memory beside what comes.
                while len(self._loaded) >= MOST_LOADED:
                    _, dropped = self._loaded.popitem(last=False)
                    self._on_change(dropped.model, False)
                    del dropped
                found = self._working.get(key)
                if found is None:
                    found = Recognizer(name, threads=self._threads, batching=True)
                    self._working[key] = found
                self._on_change(found.model, True)
            self._loaded[key] = found
            return found

    def drop(self, model: str) -> None:
        """Lets a model go that is about to be removed; one that is not loaded is passed over."""
        try:
            key = _key_of(self.require(model))
        except ModelError:
            return
        with self._lock:
            dropped = self._loaded.pop(key, None)
        if dropped is not None:
            self._on_change(dropped.model, False)

    def require(self, model: str | None = None) -> ModelFolder:
        """The folder of a model that `get` would load; arguments and errors as there."""
        if model is not None and model not in ("auto", *OFFICIAL, *installed()):
            raise unknown(model)
        return find_model(self.default if model is None else model)


def _key_of(folder: ModelFolder) -> _Key:
    card = folder.card
    return card.id, card.precision, card.sha256, folder.fallback
