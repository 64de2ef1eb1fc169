"""The saved rules at work: live sessions and results are watched through it, from any thread."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.requests import HTTPConnection

from voxcor.errors import StorageError
from voxcor.results import Result
from voxcor.rules.addresses import Allowed
from voxcor.rules.book import RuleBook, SavedRule
from voxcor.rules.watching import Firing, evaluate, readings_of
from voxcor.rules.webhooks import Webhooks
from voxcor.server.event_log import EventLog
from voxcor.settings import Settings
from voxcor.stored_result import frame_rows

logger = logging.getLogger("voxcor.server")

# Firings that somebody who comes back may still read.
KEPT = 1000


class RuleEngine:
    """The saved rules at work. Made on the event loop."""

    def __init__(self, settings: Settings) -> None:
        self.book = RuleBook(settings.home)
        self.firings = EventLog(kept=KEPT)
        self.allowed = Allowed(settings.webhook_hosts)
        self._webhooks = Webhooks(allowed=self.allowed)

    def rules_for(self, labels: Sequence[str]) -> list[SavedRule]:
        """The saved rules that speak of these labels only; another model may have others."""
        return [saved for saved in self.book.all() if {*saved.rule.labels} <= {*labels}]

    def fire(self, saved: SavedRule, firing: Firing, source: dict[str, Any]) -> None:
        """Tells everybody who wants to know. It waits for nobody."""
        document = {**firing.to_document(), "source": source}
        self.firings.add("rule.fired", **document)
        if saved.webhook is not None:
            self._webhooks.send(saved.webhook, "rule.fired", document)

    def evaluate_result(self, result: Result, source: dict[str, Any]) -> None:
        """Watches a result that has been stored; `source` says where. Rules that cannot be read do
        not cost it.
        """
        try:
            by_rule = {saved.rule: saved for saved in self.rules_for([*result.scores])}
        except StorageError as error:
            logger.error("no rule watches the result of %s: %s", source, error.message)
            return
        for firing in evaluate(by_rule, readings_of(result)):
            self.fire(by_rule[firing.rule], firing, source)

    def firings_in(self, result: Result, curve: Path | None) -> list[Firing]:
        """Where the rules that are saved now fire in a stored result; nobody else is told.

        Args:
            result: without its frames.
            curve: the frames.csv beside it, if it has one.

        Raises:
            StorageError: the rules cannot be read.
            OSError, ValueError: the curve cannot.
        """
        rules = [saved.rule for saved in self.rules_for([*result.scores])]
        if not rules:
            return []
        rows = None if curve is None else frame_rows(curve, len(result.scores))
        return evaluate(rules, readings_of(result, rows))

    def close(self) -> None:
        """Gives up the webhooks that wait."""
        self._webhooks.close()


def rule_engine_of(connection: HTTPConnection) -> RuleEngine:
    """The one of the app."""
    engine: RuleEngine = connection.app.state.engine
    return engine
