"""The rules a person has saved: `rules.json` in VOXCOR_HOME, readable by its owner only.

It holds secrets of webhooks, so nothing but this process and a text editor should read it.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from voxcor.disk.faults import storage_errors
from voxcor.errors import NoSuchRule, RuleInvalid, StorageError, WebhookInvalid
from voxcor.language import say
from voxcor.rule_grammar import parse
from voxcor.rules import Rule
from voxcor.webhooks import Webhook

FILE = "rules.json"


@dataclass(frozen=True, slots=True)
class SavedRule:
    """A rule, and where its firings go beside the events of the server."""

    rule: Rule
    webhook: Webhook | None = None


class RuleBook:
    """The saved rules by name; safe to share among threads and processes.

    Raises:
        StorageError: from every method, where the file cannot be read or written.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / FILE

    def all(self) -> list[SavedRule]:
        """Every rule, by name."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise StorageError(path=str(self._path), reason=str(error)) from error
        try:
            saved = [_from_document(entry) for entry in json.loads(text)["rules"]]
        except (ValueError, TypeError, KeyError, RuleInvalid, WebhookInvalid) as error:
            detail = str(error)
            reason = say(f"is damaged ({detail}).", f"已损坏({detail})。")
            raise StorageError(path=str(self._path), reason=reason) from error
        return sorted(saved, key=lambda entry: entry.rule.name)

    def get(self, name: str) -> SavedRule:
        """One rule.

        Raises:
            NoSuchRule: none has this name.
        """
        for saved in self.all():
            if saved.rule.name == name:
                return saved
        raise NoSuchRule(rule=name)

    def put(self, saved: SavedRule) -> bool:
        """Adds the rule, or replaces the one of its name; says whether it is new."""
        with self._locked():
            before = self.all()
            others = [entry for entry in before if entry.rule.name != saved.rule.name]
            self._write([*others, saved])
        return len(others) == len(before)

    def delete(self, name: str) -> None:
        """Removes a rule.

        Raises:
            NoSuchRule: none has this name.
        """
        with self._locked():
            before = self.all()
            kept = [entry for entry in before if entry.rule.name != name]
            if len(kept) == len(before):
                raise NoSuchRule(rule=name)
            self._write(kept)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with storage_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._path.with_suffix(".lock")):
                yield

    def _write(self, rules: list[SavedRule]) -> None:
        document = {"schema_version": 1, "rules": [_to_document(entry) for entry in rules]}
        # mkstemp gives a file that only its owner may read.
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{FILE}-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file, ensure_ascii=False, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _to_document(saved: SavedRule) -> dict[str, Any]:
    webhook = saved.webhook
    return {
        "rule": str(saved.rule),
        "webhook": webhook and {"url": webhook.url, "secret": webhook.secret},
    }


def _from_document(entry: Any) -> SavedRule:
    webhook = entry["webhook"]
    return SavedRule(
        parse(entry["rule"]), Webhook(webhook["url"], webhook["secret"]) if webhook else None
    )
