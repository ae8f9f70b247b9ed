"""Baselines: the findings a project has accepted, known again by content when their lines have moved."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from initlint.errors import ConfigError
from initlint.finding import Finding

LineOf = Callable[[Finding], str]


def fingerprints(findings: Iterable[Finding], text_of: LineOf, root: str) -> dict[Finding, str]:
    """A name for each finding that holds as long as its file, its rule and its statement stay as they are.

    The line's number plays no part; findings alike in all the rest are counted, in reading order.
    """
    seen: Counter[str] = Counter()
    names: dict[Finding, str] = {}
    for finding in sorted(findings, key=lambda one: one.sort_key):
        parts = (finding.code, _from(root, finding.path), finding.layer or "", "".join(text_of(finding).split()))
        key = "\0".join(parts).encode(errors="surrogatepass")
        digest = sha256(key).hexdigest()[:32]
        seen[digest] += 1
        names[finding] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
    return names


def _from(root: str, path: str) -> str:
    """The path as seen from the project's root: the same from wherever initlint was started."""
    return os.path.relpath(path, root).replace("\\", "/")


def read(path: Path) -> frozenset[str]:
    """The fingerprints in a baseline file. Raises ConfigError where there is none, or it is something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return frozenset(one["fingerprint"] for one in content["findings"])
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such baseline; `--write-baseline {path}` makes one") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: not a baseline: {error}") from None


def write(path: Path, names: Mapping[Finding, str], root: str) -> None:
    """Write a baseline that people can read and that differs little when little changes."""
    rows = [
        {"code": finding.code, "path": _from(root, finding.path), "layer": finding.layer, "fingerprint": name}
        for finding, name in names.items()
    ]
    rows.sort(key=lambda row: (row["path"], row["code"], row["fingerprint"]))
    try:
        path.write_text(json.dumps({"version": 1, "findings": rows}, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot write the baseline: {error.strerror}") from None
