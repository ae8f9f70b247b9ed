"""Calls given another callee or other arguments."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from initlint.fixer.calls import quoted, receiver, rename_callee, rename_function, replace_call, set_arguments
from initlint.fixer.fragment import CannotRewrite
from tests.fixer.edited import call, find, rewritten, source

ORDER = ("tensor", "mean", "std", "generator")

CHANGED: list[Any] = [
    pytest.param("normal_(w, 0.02)", {"rename": {"mean": "std"}}, "normal_(w, std=0.02)", id="named"),
    pytest.param("normal_(w, mean=0.02)", {"rename": {"mean": "std"}}, "normal_(w, std=0.02)", id="renamed"),
    pytest.param("normal_(w, 1, 0.02)", {"rename": {"mean": "m"}}, "normal_(w, m=1, std=0.02)", id="those behind too"),
    pytest.param("normal_(w, 0.02, 1)", {"drop": ["mean"]}, "normal_(w, std=1)", id="positional dropped"),
    pytest.param("normal_(w, mean=0, std=1)", {"drop": ["mean"]}, "normal_(w, std=1)", id="keyword dropped"),
    pytest.param("normal_(w, mean=0, std=1)", {"drop": ["std"]}, "normal_(w, mean=0)", id="last dropped"),
    pytest.param("normal_(w, std=1,)", {"drop": ["std"]}, "normal_(w,)", id="comma stays"),
    pytest.param("normal_(w)", {"drop": ["tensor"]}, "normal_()", id="only one dropped"),
    pytest.param("normal_(w,)", {"drop": ["tensor"]}, "normal_()", id="and its comma"),
    pytest.param("normal_(w, 0)", {"set": {"mean": "1"}}, "normal_(w, 1)", id="positional set"),
    pytest.param("normal_(w, 0, 1)", {"set": {"mean": "1"}}, "normal_(w, 1, 1)", id="those behind stay"),
    pytest.param("normal_(w, mean=0)", {"set": {"mean": "1"}}, "normal_(w, mean=1)", id="keyword set"),
    pytest.param("normal_(w)", {"set": {"std": "1"}}, "normal_(w, std=1)", id="added"),
    pytest.param("normal_()", {"set": {"std": "1"}}, "normal_(std=1)", id="added to none"),
    pytest.param("normal_(w, mean = 0)", {"set": {"std": "1"}}, "normal_(w, mean = 0, std = 1)", id="spaces as theirs"),
    pytest.param("normal_(w, 0, 1)", {"keep_positional": 1}, "normal_(w, mean=0, std=1)", id="made keywords"),
    pytest.param("normal_(w, (yield))", {"rename": {"mean": "std"}}, "normal_(w, std=(yield))", id="yield"),
    pytest.param("normal_(w, a := 1)", {"rename": {"mean": "std"}}, "normal_(w, std=(a := 1))", id="walrus"),
    pytest.param("normal_(w, f'{x}')", {"rename": {"mean": "std"}}, "normal_(w, std=f'{x}')", id="f-string"),
    pytest.param("normal_(g(h[(1, 2)]), 1)", {"drop": ["mean"]}, "normal_(g(h[(1, 2)]))", id="nested brackets"),
    pytest.param("normal_('é', 1); x", {"rename": {"mean": "std"}}, "normal_('é', std=1); x", id="é"),
    pytest.param("normal_ ( w, 1 )", {"rename": {"mean": "std"}}, "normal_ ( w, std=1 )", id="odd spaces"),
    pytest.param("normal_(w, \\\n 1)", {"rename": {"mean": "std"}}, "normal_(w, \\\n std=1)", id="backslash"),
    pytest.param(
        "normal_(\n    w,  # it\n    1,  # m\n    # s\n    2,\n)",
        {"drop": ["mean"]},
        "normal_(\n    w,  # it\n    # s\n    std=2,\n)",
        id="a dropped argument takes only its own comment along",
    ),
    pytest.param("normal_(w,  # it\n  1)", {"drop": ["mean"]}, "normal_(w,  # it\n)", id="the comment before stays"),
    pytest.param(
        "normal_(\n    # m\n    1,  # one\n    # s\n    2)",
        {"drop": ["tensor"]},
        "normal_(\n    # m\n    # s\n    mean=2)",
        id="comments above the first stay",
    ),
    pytest.param(
        "normal_(\n    w,  # it\n)", {"set": {"std": "1"}}, "normal_(\n    w,  # it\n    std=1,\n)", id="own line"
    ),
    pytest.param(
        "normal_(\n    w  # it\n)", {"set": {"std": "1"}}, "normal_(\n    w,  # it\n    std=1\n)", id="no last comma"
    ),
    pytest.param(
        "normal_(w,\n        0)", {"set": {"std": "1"}}, "normal_(w,\n        0,\n        std=1)", id="aligned"
    ),
    pytest.param(
        "normal_(w  # it\n)", {"set": {"std": "1"}}, "normal_(w,  # it\nstd=1\n)", id="one line and a comment"
    ),
]


@pytest.mark.parametrize(("before", "change", "expected"), CHANGED)
def test_arguments_change_and_the_rest_of_the_call_stays(before: str, change: dict[str, Any], expected: str) -> None:
    """Line breaks, trailing commas and comments are the author's."""
    actual = rewritten(before, lambda text: set_arguments(text, call(text, "normal_"), order=ORDER, **change))

    assert expected == actual


def test_only_the_changed_tokens_are_replaced() -> None:
    """What an editor marks as changed is what changed."""
    text = source("normal_(w, 0.02)\n")
    (edit,) = set_arguments(text, call(text, "normal_"), order=ORDER, rename={"mean": "std"})

    assert (12, 12, "std=") == (edit.span.column, edit.span.end_column, edit.replacement)


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ("normal_(*w, 1)", {"drop": ["mean"]}),
        ("normal_(w, **k)", {"set": {"std": "1"}}),
        ("normal_(a, b, c, d, e)", {"drop": ["mean"]}),
        ("normal_(x for x in y)", {"set": {"std": "1"}}),
        ("f'{normal_(w, 1)}'", {"drop": ["mean"]}),
    ],
)
def test_arguments_that_cannot_be_told_are_left_alone(before: str, change: dict[str, Any]) -> None:
    """Stars, too many arguments, a bare generator, an f-string: no fix."""
    text = source(before)

    with pytest.raises(CannotRewrite):
        set_arguments(text, call(text, "normal_"), order=ORDER, **change)


RENAMED = [
    ("nn.init.xavier_(w)", "nn.init.new_(w)"),
    ("torch . nn.init\\\n.xavier_(w)", "torch . nn.init\\\n.new_(w)"),
    ("m.weight.data.xavier_()", "m.weight.data.new_()"),
    ("from a import xavier_\nxavier_(w)", "from a import xavier_, new_\nnew_(w)"),
    ("from a import xavier_ as x\nx(w)", "from a import new_\nnew_(w)"),
    ("from a import xavier_, new_ as n\nxavier_(w)", "from a import xavier_, new_ as n\nn(w)"),
    ("from a import new_\nfrom a import xavier_\nxavier_(w)", "from a import new_\nfrom a import xavier_\nnew_(w)"),
    ("from a import (xavier_)\nxavier_(w)", "from a import (xavier_, new_)\nnew_(w)"),
    ("from a import (\n b,  # c\n xavier_,\n)\nxavier_(w)", "from a import (\n b,  # c\n xavier_,\n new_,\n)\nnew_(w)"),
    ("from a import (\n    xavier_ # d\n)\nxavier_(w)", "from a import (\n    xavier_, # d\n    new_\n)\nnew_(w)"),
    ("from a import b, \\\n  xavier_\nxavier_(w)", "from a import b, \\\n  xavier_, \\\n  new_\nnew_(w)"),
    ("import b; from a import xavier_; c\nxavier_(w)", "import b; from a import xavier_, new_; c\nnew_(w)"),
    ("def f():\n  from a import xavier_\n  xavier_(w)", "def f():\n  from a import xavier_, new_\n  new_(w)"),
    ("from torch.nn.init import *\nxavier_(w)", "from torch.nn.init import *\nnew_(w)"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "expected"), RENAMED)
def test_a_renamed_callee_keeps_the_alias_of_its_module(before: str, expected: str) -> None:
    """A function imported by name brings the new name into the same import, beside one that is used elsewhere."""
    before, expected = f"{before}\nxavier_", f"{expected}\nxavier_"

    assert expected == rewritten(before, lambda text: rename_callee(text, call(text, ""), "new_"))


REPLACED = [
    ("from a import xavier_\nxavier_(w)", "from a import new_\nnew_(w)"),
    ("from a import (\n b,  # c\n xavier_,  # d\n)\nxavier_(w)", "from a import (\n b,  # c\n new_,  # d\n)\nnew_(w)"),
    ("from a import b, \\\n  xavier_\nxavier_(w)", "from a import b, \\\n  new_\nnew_(w)"),
    ("def f():\n  from a import xavier_, b\n  xavier_(w)", "def f():\n  from a import new_, b\n  new_(w)"),
    ("from a import xavier_\nxavier_(w)\n['xavier_']", "from a import xavier_, new_\nnew_(w)\n['xavier_']"),
    ("from a import xavier_\nxavier_(w)\nprint(xavier_)", "from a import xavier_, new_\nnew_(w)\nprint(xavier_)"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "expected"), REPLACED)
def test_a_name_that_nothing_else_uses_gives_way(before: str, expected: str) -> None:
    """The import would otherwise be unused; a name in `__all__` stays."""

    assert expected == rewritten(before, lambda text: rename_callee(text, call(text, "xavier_(w)"), "new_"))


@pytest.mark.parametrize(
    "before",
    [
        "xavier_ = f\nxavier_(w)",
        "from a import xavier_\nnew_ = 1\nxavier_(w)",
        "fs[0](w)",
        "def f(xavier_): xavier_(w)",
    ],
)
def test_a_callee_of_unknown_origin_is_not_renamed(before: str) -> None:
    """A rebound name, a name that is taken, no name at all: no fix."""
    text = source(before)

    with pytest.raises(CannotRewrite):
        rename_callee(text, call(text, "fs[0]" if "fs" in before else "xavier_(w)"), "new_")


def test_a_function_that_is_only_named_is_renamed() -> None:
    """`functools.partial` and `init_fn=` name what they call later."""
    actual = rewritten(
        "partial(nn.init.xavier_, gain=1)",
        lambda text: rename_function(text, find(text, ast.Attribute, "nn.init.xavier_"), "new_"),
    )

    assert actual == "partial(nn.init.new_, gain=1)"


def test_a_method_becomes_a_function_with_its_import() -> None:
    """One fix holds the import too."""
    actual = rewritten(
        "import os\n\ndef f(m):\n    m.weight.data.normal_(0, 0.02)  # c\n",
        lambda text: replace_call(
            text, call(text, "m.weight"), "kaiming_normal_", receiver(text, call(text, "m.weight"))
        ),
    )

    assert actual == "import os\nfrom torch import nn\n\ndef f(m):\n    nn.init.kaiming_normal_(m.weight)  # c\n"


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("m.weight.data.normal_()", "m.weight"),
        ("m.weight.detach().data.normal_()", "m.weight"),
        ("(a +\n b).normal_()", "a +\n b"),
        ("w[0].normal_()", "w[0]"),
    ],
)
def test_the_receiver_is_the_parameter_itself(before: str, expected: str) -> None:
    """nn.init needs no `.data`: it writes without gradients."""
    text = source(before)

    assert expected == receiver(text, call(text, before))


def test_a_function_has_no_receiver() -> None:
    """Only a method writes to what stands before its dot."""
    text = source("normal_(w)")

    with pytest.raises(CannotRewrite):
        receiver(text, call(text, "normal_"))


def test_a_call_with_a_comment_in_it_is_not_replaced_whole() -> None:
    """The comment would be lost."""
    text = source("import torch\nw.normal_(0,  # mean\n 1)\n")

    with pytest.raises(CannotRewrite):
        replace_call(text, call(text, "w.normal_"), "zeros_", "w")


@pytest.mark.parametrize(("before", "expected"), [("a = 'b'", "'relu'"), ('a = "b"', '"relu"'), ("a = 1", '"relu"')])
def test_new_strings_take_the_quotes_of_the_file(before: str, expected: str) -> None:
    """So a formatter has nothing to do."""
    assert expected == quoted(source(before), "relu")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("from a import x as y\ny(w)\ny(v)", "from a import x_ as y\ny(w)\ny(v)"),
        ("from a import x, z\nx(w)\nx(v)", "from a import x_, z\nx_(w)\nx(v)"),
        ("from a import x\nx(w)\nx(v)  # noqa: INI604", "from a import x, x_\nx_(w)\nx(v)  # noqa: INI604"),
        ('from a import x\n__all__ = ["x"]\nx(w)', 'from a import x, x_\n__all__ = ["x"]\nx_(w)'),
    ],
)
def test_what_a_deprecated_name_stands_for(before: str, expected: str) -> None:
    """Goes in its place once for all its uses, under the author's own name for it."""
    assert expected == rewritten(before, lambda text: rename_callee(text, call(text, ""), "x_"))
