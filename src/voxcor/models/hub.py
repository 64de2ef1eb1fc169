"""The two hubs, through their own clients: what a repository holds, and its files.

Voxcor reads public repositories. It sends no token, no user name and no telemetry, and takes only
the files it needs. A file that is cut off stays as `<name>.incomplete`, the same for both hubs, and
is continued from its last byte by the next attempt: ModelScope's client does that by itself;
Hugging Face's starts anew with each call, but its `http_get` continues what it is given. Xet, the
other protocol of Hugging Face, is left aside: it cannot continue a file at all.

The clients' own variables hold: `HF_ENDPOINT` and `MODELSCOPE_ENDPOINT` (mirrors),
`HF_HUB_OFFLINE`, the proxies'.
"""

import errno
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from voxcor.disk.whole import sync
from voxcor.errors import ChecksumMismatch, HubRefused, HubUnreachable, ModelError
from voxcor.invocation import voxcor
from voxcor.language import language
from voxcor.models.cards import HUB_NAMES, OFFICIAL, Hub, Published, Repository
from voxcor.proxies import require_usable_proxies
from voxcor.version import __version__

# Answers that say "not now", against those that say "not you" or "not that".
_PASSING_STATUSES = (408, 429)

# What only a disk says; EACCES may come from a firewall as well.
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file as the hub announces it; small files have no `sha256` on Hugging Face."""

    name: str
    bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a repository holds. `revision` is the commit where the hub says it, else the branch."""

    model: str
    hub: Hub
    repository: str
    revision: str
    files: Mapping[str, HubFile]


def default_hub(model: Published) -> Hub:
    """ModelScope for who reads Chinese, Hugging Face for the rest: each is slow from far away.

    A model that only one hub has comes from there.
    """
    preferred: Hub = "modelscope" if language() == "zh" else "huggingface"
    return preferred if preferred in model.repositories else next(iter(model.repositories))


def list_files(model: Published, hub: Hub) -> Listing:
    """What the model's repository on this hub holds.

    Raises:
        HubUnreachable: no answer, or none that this hub would give.
        HubRefused: no such repository or revision, or no access to it.
        ProxyInvalid: a proxy of the environment is in the way.
    """
    repository = model.repositories[hub]
    if hub == "modelscope":
        return _list_modelscope(model.id, repository)
    return _list_huggingface(model.id, repository)


def download(
    listing: Listing, name: str, folder: Path, report: Callable[[int], None] = lambda _: None
) -> Path:
    """Fetches one file into `folder`, or the rest of it; its path there.

    Args:
        listing: of the file's repository.
        name: the file's, as in `listing.files`.
        folder: where it goes, under its own name. A complete file there is not fetched again.
        report: is told of bytes as they arrive, those of earlier attempts first; negative numbers
            take back what has to be fetched again.

    Raises:
        HubUnreachable: the connection fails, again and again.
        HubRefused: the hub does not give the file.
        ChecksumMismatch: what arrives is not what the hub announced, again and again.
        ProxyInvalid: a proxy of the environment is in the way.
        OSError: the disk stands in the way.
    """
    file, target = listing.files[name], folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    report = _bounded(listing, file, target, report)
    if target.is_file() and target.stat().st_size == file.bytes:
        report(file.bytes)
    elif listing.hub == "modelscope":
        _download_modelscope(listing, file, folder, report)
    else:
        _download_huggingface(listing, file, target, report)
    return target


def download_all(
    listing: Listing, names: Sequence[str], folder: Path, progress: Callable[[float], None]
) -> dict[str, Path]:
    """Fetches files as `download` does; `progress` is told the share of all bytes, 0 to 1."""
    total = sum(listing.files[name].bytes for name in names)
    done = 0

    def report(count: int) -> None:
        nonlocal done
        done += count
        progress(min(done / total, 1.0) if total else 1.0)

    return {name: download(listing, name, folder, report) for name in names}


def bytes_there(path: Path) -> int:
    """How much of a download is on the disk already."""
    return sum(p.stat().st_size for p in (path, incomplete(path)) if p.is_file())


def _bounded(
    listing: Listing, file: HubFile, target: Path, report: Callable[[int], None]
) -> Callable[[int], None]:
    """Ends a download that brings more than was announced, for which room was looked for."""

    def bounded(count: int) -> None:
        part = incomplete(target)
        # By what lies there: a client that begins anew counts some bytes twice.
        if count > 0 and part.is_file() and part.stat().st_size > file.bytes:
            raise HubRefused(
                model=listing.model,
                hub=HUB_NAMES[listing.hub],
                repository=listing.repository,
                file=file.name,
                reason=f"more than the {file.bytes} bytes that were announced",
            )
        report(count)

    return bounded


def incomplete(path: Path) -> Path:
    """Where the first part of a file waits for the rest."""
    return path.with_name(path.name + ".incomplete")


def _list_huggingface(model: str, repository: Repository) -> Listing:
    from huggingface_hub import HfApi, constants

    _quieten("huggingface_hub")
    # Read from HF_HUB_DISABLE_TELEMETRY once, when the client was imported, maybe not by us.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    with _huggingface_errors(model, repository.name, "model_info"):
        info = HfApi(endpoint=_huggingface_endpoint(), token=False).model_info(
            repository.name,
            revision=repository.revision,
            files_metadata=True,
            timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT,
        )
    files = (
        HubFile(s.rfilename, s.size or 0, _checksum(s.lfs.sha256 if s.lfs else None))
        for s in info.siblings or ()
    )
    return Listing(
        model=model,
        hub="huggingface",
        repository=repository.name,
        revision=info.sha or repository.revision,
        files={file.name: file for file in files},
    )


def _checksum(announced: str | None) -> str | None:
    """A SHA-256 as the hub announces it; None for anything else that a mirror may say."""
    return announced if announced and re.fullmatch(r"[0-9a-f]{64}", announced) else None


def _download_huggingface(
    listing: Listing, file: HubFile, target: Path, report: Callable[[int], None]
) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get

    part = incomplete(target)
    if part.is_file() and part.stat().st_size > file.bytes:
        part.unlink()
    url = hf_hub_url(
        listing.repository,
        file.name,
        revision=listing.revision,
        endpoint=_huggingface_endpoint(),
    )
    with _huggingface_errors(listing.model, listing.repository, file.name):
        with part.open("ab") as stream:
            http_get(
                url,
                stream,
                resume_size=stream.tell(),
                # Bytes as they are: a compressed answer could not be continued.
                headers={"user-agent": f"voxcor/{__version__}", "accept-encoding": "identity"},
                expected_size=file.bytes,
                tqdm_class=_meter(report),
            )
        sync(part)
        part.rename(target)


def _huggingface_endpoint() -> str | None:
    # The client reads the variable as well, but only once, when it is imported.
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or None


@contextmanager
def _huggingface_errors(model: str, repository: str, file: str) -> Iterator[None]:
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError
    from socksio import SOCKSError

    require_usable_proxies()
    try:
        yield
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise _failure("huggingface", model, repository, file, error, status) from error
    except (httpx2.HTTPError, SOCKSError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk
        raise _failure("huggingface", model, repository, file, error) from error


def _list_modelscope(model: str, repository: Repository) -> Listing:
    with _modelscope(model, repository.name, "repo/files") as api:
        files = api.list_repo_files(repository.name, "model", revision=repository.revision)
    return Listing(
        model=model,
        hub="modelscope",
        repository=repository.name,
        revision=repository.revision,
        files={f.path: HubFile(f.path, f.size, _checksum(f.sha256)) for f in files if not f.is_dir},
    )


def _download_modelscope(
    listing: Listing, file: HubFile, folder: Path, report: Callable[[int], None]
) -> None:
    with _modelscope(listing.model, listing.repository, file.name, file.sha256) as api:
        api.download_repo(
            listing.repository,
            "model",
            revision=listing.revision,
            local_dir=folder,
            file_list=[{"Path": file.name, "Size": file.bytes, "Sha256": file.sha256}],
            max_workers=1,
            progress_callbacks=[_meter(report)],
        )


@contextmanager
def _modelscope(model: str, repository: str, file: str, sha256: str | None = None) -> Iterator[Any]:
    """A client without a past: the home of its tokens and its identifier is thrown away.

    Its errors become ours, which name what was asked for.
    """
    # It gives a file one hour, and reads this when it is imported; from far away 2 GB take longer.
    os.environ.setdefault("MODELSCOPE_DOWNLOAD_TOTAL_TIMEOUT", str(24 * 3600))
    from modelscope_hub import HubApi, HubConfig
    from modelscope_hub.errors import (
        APIError,
        FileDownloadError,
        FileIntegrityError,
        FileSizeMismatchError,
        HubError,
    )

    _quieten("modelscope_hub")
    require_usable_proxies()
    try:
        with TemporaryDirectory(prefix="voxcor-") as home:
            yield HubApi(HubConfig(token="", config_dir=Path(home), cache_dir=Path(home)))
    except (HubError, OSError, ValueError) as error:
        cause: BaseException = error
        if isinstance(error, FileDownloadError):
            cause = next(iter(error.failed_files.values()), error)
        if isinstance(cause, FileIntegrityError) and not isinstance(cause, FileSizeMismatchError):
            # "Hash mismatch for model.pt: expected 16 digits..., got 16 digits..."
            found = str(cause).rpartition(" got ")[2]
            raise other_content(model, "modelscope", file, found, sha256) from cause
        for reason in _causes(cause):
            # The client takes some errors of the disk for the network's.
            if isinstance(reason, OSError) and reason.errno in _DISK_ERRORS:
                raise reason from None
        status = cause.status_code if isinstance(cause, APIError) else None
        raise _failure("modelscope", model, repository, file, cause, status) from cause


def other_content(
    model: str, hub: Hub, file: str, found: str, expected: str | None
) -> ChecksumMismatch:
    """The error for a file that is not the published one; it names the other hub, if there is."""
    published = OFFICIAL.get(model)
    others = [name for name in published.repositories if name != hub] if published else []
    option = f"--hub {others[0]}" if others else "--from PATH"
    return ChecksumMismatch(
        model=model,
        file=file,
        found=found,
        expected=expected,
        hub=HUB_NAMES[hub],
        way=f"{voxcor()} models pull {model} {option}",
    )


def _failure(
    hub: Hub,
    model: str,
    repository: str,
    file: str,
    error: BaseException,
    status: int | None = None,
) -> ModelError:
    """Our error for theirs: the hub refuses what it is asked for, or it cannot be reached now."""
    name, reason = HUB_NAMES[hub], f"HTTP {status}" if status else _network_reason(error)
    if status and 400 <= status < 500 and status not in _PASSING_STATUSES:
        return HubRefused(
            model=model, hub=name, repository=repository, file=file, status=status, reason=reason
        )
    return HubUnreachable(model=model, hub=name, reason=reason)


def _network_reason(error: BaseException) -> str:
    """What the operating system said at the bottom of it; else what the client says."""
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return next(iter(str(error).splitlines()), type(error).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, outermost first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _meter(report: Callable[[int], None]) -> Any:
    """A class that either client takes for its progress bar."""

    class Meter:
        def __init__(self, *_: Any, initial: int = 0, **__: Any) -> None:
            report(initial)

        def __enter__(self) -> "Meter":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, count: int) -> None:
            report(count)

        def end(self) -> None:
            pass

    return Meter


def _quieten(name: str) -> None:
    """What goes wrong comes back as an exception; a client would log it a second time."""
    logging.getLogger(name).setLevel(logging.CRITICAL)
