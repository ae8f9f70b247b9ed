"""Layers built anew instead of copied."""

from __future__ import annotations

import ast

import pytest

from initlint.finding import Edit
from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.prototype import build_each
from initlint.source.text import SourceText
from tests.fixer.edited import call, find, rewritten

BEGIN = "import copy\nimport torch\n\n\ndef build(width, n):\n"
COPY = "    return [copy.deepcopy(layer) for _ in range(n)]\n"


def built(before: str) -> str:
    """The text with its `Block` built anew each time."""

    def operation(text: SourceText) -> tuple[Edit, ...]:
        copied = call(text, "copy.deepcopy(" if "copy.deepcopy" in before else "deepcopy(")
        return build_each(text, copied, call(text, "Block("), find(text, ast.FunctionDef, ""))

    return rewritten(before, operation)


def test_what_is_of_no_use_any_more_goes() -> None:
    """The layer that all were copied from, and the import of what copied it."""
    before = f"{BEGIN}    check(width)\n    layer = Block(width)\n{COPY}"
    expected = "import torch\n\n\ndef build(width, n):\n    check(width)\n    return [Block(width) for _ in range(n)]\n"

    assert expected == built(before)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("from copy import deepcopy\n", ""),
        ("from copy import copy, deepcopy\n", "from copy import copy\n"),
        ("from copy import (\n    copy,\n    deepcopy,\n)\n", "from copy import (\n    copy,\n)\n"),
        ("# the library\nfrom copy import deepcopy\n", "# the library\nfrom copy import deepcopy\n"),
        ("from copy import deepcopy  # noqa: F401\n", "from copy import deepcopy  # noqa: F401\n"),
        ("from copy import deepcopy\n__all__ = ['deepcopy']\n", "from copy import deepcopy\n__all__ = ['deepcopy']\n"),
        ("import copy, math\n", "import copy, math\n"),
    ],
)
def test_an_import_that_serves_nothing_else_goes(line: str, kept: str) -> None:
    """Alone or from among others; not where someone else may have the name from here."""
    function = "copy.deepcopy" if line.startswith("import copy") else "deepcopy"
    before = (
        f"import torch\n{line}def build(n):\n    layer = Block()\n    return [{function}(layer) for _ in range(n)]\n"
    )

    assert f"import torch\n{kept}def build(n):\n    return [Block() for _ in range(n)]\n" == built(before)


@pytest.mark.parametrize(
    "lines",
    [
        "    layer = Block(width)\n    first = [layer]\n",
        "    layer = Block(width)  # wide\n",
        "    if n:\n        layer = Block(width)\n",
        "    layer = Block(width); check()\n",
    ],
)
def test_what_is_used_elsewhere_or_commented_stays(lines: str) -> None:
    """The copy alone is written anew."""
    expected = f"{BEGIN}{lines}{COPY}".replace("import copy\n", "").replace("copy.deepcopy(layer)", "Block(width)")

    assert expected == built(f"{BEGIN}{lines}{COPY}")


def test_a_layer_copied_twice_stays_for_the_other_copy() -> None:
    """And so does the import."""
    first = "    x = [copy.deepcopy(layer) for _ in range(3)]\n"
    expected = f"{BEGIN}    layer = Block(width)\n    x = [Block(width) for _ in range(3)]\n{COPY}"

    assert expected == built(f"{BEGIN}    layer = Block(width)\n{first}{COPY}")


@pytest.mark.parametrize(
    "between",
    [
        "    layer.apply(init)\n",
        "    init(layer)\n",
        "    layer.weight.data = w\n",
        "    layer = wrap(layer)\n",
        "    width = 2 * width\n",
    ],
)
def test_a_layer_that_changed_since_is_copied_as_before(between: str) -> None:
    """Or one whose width is another by now: building it anew would lose that."""
    with pytest.raises(CannotRewrite):
        built(f"{BEGIN}    layer = Block(width)\n{between}{COPY}")


def test_the_loops_own_names_are_not_taken_for_others() -> None:
    """`width` means something else inside."""
    with pytest.raises(CannotRewrite):
        built(f"{BEGIN}    layer = Block(width)\n    return [copy.deepcopy(layer) for width in range(n)]\n")
