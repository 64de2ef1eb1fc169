"""All models there are, published or installed, as rows that a table or a page shows."""

from collections.abc import Iterator
from typing import Any

from voxcor.errors import ModelCorrupt, UnknownFamily
from voxcor.language import say
from voxcor.models.cards import OFFICIAL, Card, standing_of
from voxcor.models.store import find_model, installed


def list_models() -> Iterator[dict[str, Any]]:
    """A row for each model, the published ones first.

    Keys: `id`, `title`, `installed`, `bytes` on the disk, about how many are downloaded
    (`download_bytes`) and how much space installing takes at most (`needed_bytes`), `precision`,
    `labels`, `official`, `standing` of its weights beside the published ones (see `standing_of`),
    `revision`, `sha256` of the checkpoint, `licence`, `metrics` of its card, `caution`, what is to
    be known before it is used, and `problem`, a sentence where an installed model is damaged; None
    where something is unknown.
    """
    here = installed()
    for model in dict.fromkeys((*OFFICIAL, *here)):
        row: dict[str, Any] = {
            "id": model,
            "title": model,
            "installed": model in here,
            "bytes": None,
            "download_bytes": None,
            "needed_bytes": None,
            "precision": None,
            "labels": [],
            "official": None,
            "standing": None,
            "revision": None,
            "sha256": None,
            "licence": None,
            "metrics": {},
            "caution": None,
            "problem": None,
        }
        if published := OFFICIAL.get(model):
            row |= {
                "title": published.title,
                "download_bytes": published.download_bytes,
                "needed_bytes": published.needed_bytes,
                "licence": published.licence,
                "labels": list(published.labels),
                "caution": say(published.caution_en, published.caution_zh) or None,
            }
        if model in here:
            try:
                row |= _installed(find_model(model).card)
            except (ModelCorrupt, UnknownFamily) as error:
                row["problem"] = error.message
        yield row


def _installed(card: Card) -> dict[str, Any]:
    return {
        "title": card.title,
        "bytes": sum(record.bytes for record in card.files.values()),
        "precision": card.precision,
        "labels": list(card.labels),
        "official": card.official,
        "standing": standing_of(card),
        "revision": card.revision,
        "sha256": card.sha256,
        "licence": card.licence,
        "metrics": dict(card.metrics),
    }
