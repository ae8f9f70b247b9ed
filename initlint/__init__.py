"""initlint finds, proves and repairs weight-initialisation mistakes in PyTorch code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from initlint.api import check_model as check_model
    from initlint.api import describe_source as describe_source
    from initlint.api import lint_paths as lint_paths
    from initlint.api import lint_source as lint_source

__version__ = "0.1.0"
__all__ = ["__version__", "check_model", "describe_source", "lint_paths", "lint_source"]


def __getattr__(name: str) -> object:
    """The public functions, loaded on first use: `import initlint` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'initlint' has no attribute {name!r}")
    from initlint import api  # what it needs is only wanted by those who call it

    return getattr(api, name)
