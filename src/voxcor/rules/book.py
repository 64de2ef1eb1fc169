"""The rules a person has saved: `rules.json` in VOXCOR_HOME, readable by its owner only.

It holds secrets of webhooks, so nothing but this process and a text editor should read it.
"""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voxcor.disk.faults import storage_errors
from voxcor.disk.locks import locked
from voxcor.disk.unreadable import read_state
from voxcor.disk.whole import replacing_file
from voxcor.errors import NoSuchRule, StateUnreadable, StorageError, TooManyRules
from voxcor.rules.grammar import MOST_RULES, parse
from voxcor.rules.watching import Rule
from voxcor.rules.webhooks import Webhook

FILE = "rules.json"


@dataclass(frozen=True, slots=True)
class SavedRule:
    """A rule, and where its firings go beside the events of the server."""

    rule: Rule
    webhook: Webhook | None = None


class RuleBook:
    """The saved rules by name; safe to share among threads and processes.

    People edit the file by hand: one that is damaged is named, and left as it is.

    Raises:
        StorageError: from every method, where the file cannot be read or written.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / FILE

    def all(self) -> list[SavedRule]:
        """Every rule, by name."""
        try:
            saved = read_state(self._path, _from_document)
        except FileNotFoundError:
            return []
        except StateUnreadable as error:
            raise StorageError(path=str(self._path), reason=error.details["reason"]) from error
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
        """Adds the rule, or replaces the one of its name; says whether it is new.

        Raises:
            TooManyRules: it is new, and there are `MOST_RULES`.
        """
        with self._locked():
            before = self.all()
            others = [entry for entry in before if entry.rule.name != saved.rule.name]
            if len(others) == len(before) >= MOST_RULES:
                raise TooManyRules(most=MOST_RULES)
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

    def _locked(self) -> AbstractContextManager[None]:
        return locked(self._path.with_suffix(".lock"), private=True)

    def _write(self, rules: list[SavedRule]) -> None:
        document = {"schema_version": 1, "rules": [_to_document(entry) for entry in rules]}
        with (
            storage_errors(self._path),
            replacing_file(self._path, private=True) as draft,
            draft.open("w", encoding="utf-8") as file,
        ):
            json.dump(document, file, ensure_ascii=False, indent=2)


def _to_document(saved: SavedRule) -> dict[str, Any]:
    webhook = saved.webhook
    return {
        "rule": str(saved.rule),
        "webhook": webhook and {"url": webhook.url, "secret": webhook.secret},
    }


def _from_document(document: Any) -> list[SavedRule]:
    return [_rule_from(entry) for entry in document["rules"]]


def _rule_from(entry: Any) -> SavedRule:
    webhook = entry["webhook"]
    return SavedRule(
        parse(entry["rule"]), Webhook(webhook["url"], webhook["secret"]) if webhook else None
    )
