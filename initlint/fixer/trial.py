"""Texts tried in the child: the models that they define, built and measured, with the disk untouched."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from initlint.errors import UsageError
from initlint.fixer.touched import Class
from initlint.source.text import SourceText

if TYPE_CHECKING:
    from initlint.config import Settings
    from initlint.runtime.protocol import Failure, Model, Request, Target

_NO_TORCH = "torch is not installed"


@dataclass(frozen=True)
class Trial:
    """What became of each target, by what it is called: a model, or why there is none."""

    models: Mapping[str, Model]
    failures: Mapping[str, Failure]


@dataclass
class Bench:
    """Where texts are tried; what was tried before is known. `files` holds every text that is not the disk's."""

    settings: Settings
    known: dict[tuple[tuple[str, str], ...], dict[str, Trial]] = field(default_factory=dict)

    @cached_property
    def request(self) -> Request:
        """The limits of the configuration; numbers are drawn and the signal followed, no distribution is tested."""
        from initlint.runtime.order import without_targets  # only --verify runs anything

        return replace(without_targets(self.settings), statistics=False, digests=True)

    @cached_property
    def configured(self) -> list[Target]:
        """The targets of the configuration, with their arguments."""
        from initlint.runtime.order_table import configured
        from initlint.runtime.target import expand

        entries = configured(self.settings) if self.settings.runtime.get("targets") else []
        return [target for entry in entries for target in expand(entry)]

    def targets(self, touched: Iterable[Class]) -> list[Target]:
        """The configuration's targets, and each touched class that the configuration does not build itself."""
        from initlint.runtime.protocol import Target

        found = [
            Target(one.target, "file", one.path, one.name, optional=True)
            for one in dict.fromkeys(touched)
            if self.called(one) == one.target and one.path.endswith(".py")
        ]
        known = {target.text for target in self.configured}
        return [*self.configured, *(target for target in found if target.text not in known)]

    def called(self, touched: Class) -> str:
        """What the target of a class is called: as in the configuration, where it is there."""
        place = (os.path.realpath(touched.path), touched.name)
        own = (one.text for one in self.configured if (os.path.realpath(one.location), one.name) == place)
        return next(own, touched.target)

    def run(self, texts: Iterable[SourceText], targets: Iterable[Target]) -> Trial:
        """Build the targets from these texts. Raises UsageError where nothing can ever be built."""
        from initlint.runtime.parent import as_error, run

        overlay = {os.path.abspath(text.path): _as_bytes(text) for text in texts}  # noqa: PTH100 - links are not followed
        known = self.known.setdefault(tuple(sorted(overlay.items())), {})
        wanted = list(targets)
        missing = tuple(target for target in wanted if target.text not in known)
        if missing:
            outcome = run(replace(self.request, targets=missing, overlay=overlay))
            if any(_NO_TORCH in failure.message for failure in outcome.failures):
                raise UsageError(f"--verify builds models: {_NO_TORCH}: pip install 'initlint[runtime]'")
            bugs = [failure for failure in outcome.failures if failure.bug]
            if bugs:
                raise as_error(bugs[0])
            for model in outcome.models:
                known[model.target] = Trial({model.target: model}, {})
            for failure in outcome.failures:
                known.setdefault(failure.target, Trial({}, {failure.target: failure}))
        trials = [known[target.text] for target in wanted if target.text in known]
        return Trial(
            {name: model for trial in trials for name, model in trial.models.items()},
            {name: failure for trial in trials for name, failure in trial.failures.items()},
        )


def _as_bytes(text: SourceText) -> str:
    return text.text.encode(text.encoding, errors="surrogateescape").decode("latin-1")
