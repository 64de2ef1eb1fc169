"""What is kept of the library has the model's emotions: here it gets what people say by now."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from voxcor.library.clusters import Cluster, Clusters, shares
from voxcor.library.map import Map
from voxcor.library.segments import LibrarySegment

# Segments that people have labelled, by their ids.
Labelled = Mapping[str, LibrarySegment]

Document = dict[str, Any]


def unlabelled_map(found: Map) -> Map:
    """As the model has it."""
    return replace(found, segments=_bare(found.segments))


def unlabelled_clusters(found: Clusters) -> Clusters:
    """As the model has them."""
    clusters = tuple(map(_unlabelled, found.clusters))
    return replace(found, clusters=clusters, outliers=_bare(found.outliers))


def relabelled_map(document: Document, labelled: Labelled) -> Document:
    """A `MapDocument` with people's labels in the place of the model's."""
    labels, emotion = list(document["labels"]), list(document["emotion"])
    for place, segment in enumerate(document["ids"]):
        if segment in labelled:
            leading = labelled[segment].label
            if leading not in labels:
                labels.append(leading)
            emotion[place] = labels.index(leading)
    return {**document, "labels": labels, "emotion": emotion}


def relabelled_clusters(document: Document, labelled: Labelled) -> Document:
    """A `ClustersDocument` with people's labels in shares and segments."""
    clusters = [
        {
            **cluster,
            "emotions": _shares(cluster, labelled),
            "exemplars": [*_segments(cluster["exemplars"], labelled)],
        }
        for cluster in document["clusters"]
    ]
    outliers = [*_segments(document["outliers"], labelled)]
    return {**document, "clusters": clusters, "outliers": outliers}


def _unlabelled(cluster: Cluster) -> Cluster:
    emotions = shares([one.emotion for one in cluster.members])
    return replace(cluster, emotions=emotions, exemplars=_bare(cluster.exemplars))


def _bare(segments: Sequence[LibrarySegment]) -> tuple[LibrarySegment, ...]:
    return tuple(replace(one, label=None) for one in segments)


def _shares(cluster: Document, labelled: Labelled) -> dict[str, float]:
    size = cluster["size"]
    counts = Counter({label: round(share * size) for label, share in cluster["emotions"].items()})
    for segment in (labelled[one] for one in cluster["members"] if one in labelled):
        counts[segment.emotion] -= 1
        counts[segment.label or segment.emotion] += 1
    return {label: round(n / size, 4) for label, n in counts.most_common() if n > 0}


def _segments(documents: list[Document], labelled: Labelled) -> Iterator[Document]:
    for one in documents:
        known = labelled.get(one["id"])
        yield {**one, "label": known and known.label}
