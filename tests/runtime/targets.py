"""How the runtime tests run the command: in a process of its own, as users do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "fixtures" / "specs"
BAD = SPECS / "bad_targets.py"


def initlint(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run `initlint` and wait."""
    command = [sys.executable, "-m", "initlint", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=180, check=False)


def runtime(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run `initlint runtime` with no configuration file."""
    return initlint("runtime", "--isolated", *arguments, cwd=cwd)


def runtime_json(*arguments: str, cwd: Path = ROOT) -> dict[str, Any]:
    """The JSON report of a run."""
    done = runtime("--output-format", "json", *arguments, cwd=cwd)
    assert done.stdout, done.stderr
    content: dict[str, Any] = json.loads(done.stdout)
    return content
