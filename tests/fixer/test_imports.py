"""Names made available in the file's own style."""

from __future__ import annotations

import pytest

from initlint.fixer.fragment import CannotRewrite
from initlint.fixer.imports import add_import, init_prefix
from initlint.source.text import Cell
from tests.fixer.edited import call, edited, rewritten, source

FOUND = [
    ("import torch.nn as nn", "nn.init"),
    ("from torch import nn", "nn.init"),
    ("from torch import nn as N", "N.init"),
    ("import torch", "torch.nn.init"),
    ("import torch.nn.functional as F, torch.utils", "torch.nn.init"),
    ("import torch as th", "th.nn.init"),
    ("from torch.nn import init", "init"),
    ("from torch.nn import Linear, init as weight_init", "weight_init"),
    ("import torch.nn.init as I", "I"),
    ("import torch\nfrom torch import nn\nfrom torch.nn import init", "init"),
    ("if available():\n    from torch import nn", "nn.init"),
    ("try:\n    import torch\nexcept ImportError:\n    pass", "torch.nn.init"),
    ("from torch import nn\nclass nn_: nn = 1", "nn.init"),
]


@pytest.mark.parametrize(("imports", "expected"), FOUND)
def test_the_files_own_imports_are_used(imports: str, expected: str) -> None:
    """The shortest spelling that they allow; nothing is added."""
    text = source(f"{imports}\ndef f(m):\n    here()\n")
    found = init_prefix(text, call(text, "here"))

    assert (expected, ()) == (found.name, found.edits)


def test_an_import_inside_the_function_is_used() -> None:
    """But not one inside another function."""
    inside = source("def f(m):\n    from torch import nn\n    here()\n")
    elsewhere = source("import os\ndef g():\n    from torch import nn\ndef f(m):\n    here()\n")

    assert init_prefix(inside, call(inside, "here")).edits == ()
    assert init_prefix(elsewhere, call(elsewhere, "here")).edits != ()


ADDED = [
    pytest.param("import os\nx = 1", "import os\nfrom torch import nn\nx = 1", "nn.init", id="behind imports"),
    pytest.param(
        "from __future__ import annotations\n\nx = 1",
        "from __future__ import annotations\n\nfrom torch import nn\n\nx = 1",
        "nn.init",
        id="behind the future",
    ),
    pytest.param('"""Doc."""\n\nx = 1', '"""Doc."""\n\nfrom torch import nn\n\nx = 1', "nn.init", id="docstring"),
    pytest.param("#!sh\n# c\nx = 1", "#!sh\n# c\nfrom torch import nn\n\nx = 1", "nn.init", id="opening comments"),
    pytest.param("import a\nnn = a.nn", "import a\nfrom torch.nn import init\nnn = a.nn", "init", id="nn is taken"),
    pytest.param("nn = init = 1", "import torch\n\nnn = init = 1", "torch.nn.init", id="init is taken too"),
    pytest.param(
        "nn = init = torch = 1",
        "from torch.nn import init as torch_init\n\nnn = init = torch = 1",
        "torch_init",
        id="all are taken",
    ),
    pytest.param("from a import nn", "from a import nn\nfrom torch.nn import init", "init", id="another nn"),
    pytest.param("import a; x = 1", "import a; x = 1\nfrom torch import nn", "nn.init", id="a shared line"),
    pytest.param(
        "from torch import nn\nnn = wrap(nn)",
        "from torch import nn\nfrom torch.nn import init\nnn = wrap(nn)",
        "init",
        id="rebound",
    ),
    pytest.param(
        "if TYPE_CHECKING:\n    import torch",
        "from torch import nn\n\nif TYPE_CHECKING:\n    import torch",
        "nn.init",
        id="for type checkers only",
    ),
]


@pytest.mark.parametrize(("head", "expected", "prefix"), ADDED)
def test_an_import_is_added_where_imports_stand(head: str, expected: str, prefix: str) -> None:
    """Behind the others, the docstring and the opening comments, under a name that is free."""
    text = source(f"{head}\ndef f(m):\n    here()\n")
    found = init_prefix(text, call(text, "here"))

    assert (f"{expected}\ndef f(m):\n    here()\n", prefix) == (edited(text, found.edits), found.name)


@pytest.mark.parametrize("parameter", ["nn", "*nn", "**nn", "x, /, nn=1"])
def test_a_parameter_hides_an_import(parameter: str) -> None:
    """A function that is given `nn` does not mean the module."""
    text = source(f"import torch\nfrom torch import nn\ndef f({parameter}):\n    here()\n")

    assert init_prefix(text, call(text, "here")).name == "torch.nn.init"


def test_an_import_below_code_at_module_level_comes_too_late() -> None:
    """There the order of lines is the order of time."""
    text = source("here()\nimport torch\n")
    found = init_prefix(text, call(text, "here"))

    assert edited(text, found.edits) == "from torch import nn\n\nhere()\nimport torch\n"


def test_no_name_is_left() -> None:
    """Then there is no fix."""
    text = source("nn = init = torch = torch_init = 1\nhere()\n")

    with pytest.raises(CannotRewrite):
        init_prefix(text, call(text, "here"))


def test_an_import_goes_into_the_notebook_cell_that_imports() -> None:
    """Its position counts inside that cell."""
    text = source("x = 1\nimport os\nhere()\n", cells=(Cell(2, 1), Cell(4, 2), Cell(5, 3)))
    (edit,) = init_prefix(text, call(text, "here")).edits

    assert (4, 1, "\nfrom torch import nn") == (edit.cell, edit.span.line, edit.replacement)


def test_an_empty_file_takes_an_import() -> None:
    """And a file of comments."""
    assert rewritten("", lambda text: add_import(text, "import torch")) == "import torch\n"
    assert rewritten("# c\n", lambda text: add_import(text, "import torch")) == "# c\nimport torch\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("class A:\n    nn = 1\n    def f(self): here()\n", "nn.init"),
        ("class A:\n    nn = 1\n    here()\n", "torch.nn.init"),
        ("def g():\n    nn = 1\ndef f(): here()\n", "nn.init"),
        ("def g():\n    global nn\n    nn = 1\ndef f(): here()\n", "torch.nn.init"),
        ("def f():\n    x = [here() for nn in y]\n", "torch.nn.init"),
        ("def f():\n    try: g()\n    except E as nn: here()\n", "torch.nn.init"),
        ("def f():\n    match x:\n        case {'a': nn}: here()\n", "torch.nn.init"),
        ("def f():\n    match x:\n        case [*nn] | {**nn}: here()\n", "torch.nn.init"),
        ("def f():\n    def nn(): pass\n    here()\n", "torch.nn.init"),
        ("f = lambda nn: here()\n", "torch.nn.init"),
    ],
)
def test_a_name_means_what_its_scope_says(body: str, expected: str) -> None:
    """A class's names are not seen from its methods, a function's not from another, a loop's only inside."""
    text = source(f"import torch\nfrom torch import nn\n{body}")

    assert expected == init_prefix(text, call(text, "here")).name
