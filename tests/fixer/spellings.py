"""One init call in every spelling that people use, each in a model of its own."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

MODULES = {
    "nn.init.": "from torch import nn",
    "init.": "from torch import nn\nfrom torch.nn import init",
    "I.": "import torch.nn as nn\nimport torch.nn.init as I",
    "torch.nn.init.": "import torch.nn as nn",
}
_HIDDEN = ("self.fc1.weight", "self.fc2.weight")


@dataclass(frozen=True)
class Spelling:
    """A model's class, and in it the tensors whose calls are to be fixed, as the fix spells them.

    `{}` stands where the call of a tensor stands: `{self.fc1.weight}` is that call on that tensor.
    """

    name: str
    code: str
    tensors: tuple[str, ...]


@dataclass(frozen=True)
class Model:
    """What the spellings have in common: the layer, and what follows it as function and as module."""

    layer: str = "nn.Linear(64, 64)"
    function: str = "torch.relu({x})"
    module: str = "nn.ReLU()"

    @property
    def kind(self) -> str:
        """The layer's class."""
        return self.layer.partition("(")[0]

    def net(self, name: str, lines: str, before: str = "", methods: str = "") -> str:
        """A class of two hidden layers and a last one, with these lines at the end of its constructor."""
        first, second = (self.function.format(x=f"self.fc{number}(x)") for number in (1, 2))
        made = f"self.fc1, self.fc2, self.head = {self.layer}, {self.layer}, {self.layer}"
        used = f"x = {first}\nx = {second}\nreturn self.head(x)"
        return before + _class(name, f"{made}\n{lines}", methods, used)

    def sequential(self, name: str, lines: str) -> str:
        """The same with its hidden layers in a Sequential."""
        body = f"self.body = nn.Sequential({self.layer}, {self.module}, {self.layer}, {self.module})"
        return _class(name, f"{body}\nself.head = {self.layer}\n{lines}", "", "return self.head(self.body(x))")

    def raw(self, name: str, made: str, lines: str, use: str) -> str:
        """A matrix of its own before a last layer."""
        built = f"self.w = nn.Parameter({made})\nself.head = nn.Linear(64, 8)\n{lines}"
        return _class(name, built, "", f"return self.head({self.function.format(x=use)})")


def direct(model: Model) -> Spelling:
    """The plainest spelling."""
    return Spelling("Direct", model.net("Direct", _calls("{%s}", _HIDDEN)), _HIDDEN)


def functions(model: Model) -> Iterator[Spelling]:
    """A function of torch.nn.init, called in loops, from functions, through other names."""
    kind, short = model.kind, model.kind.rpartition(".")[2]
    method = "def reset_parameters(self):\n    {self.fc1.weight}\n    {self.fc2.weight}\n"
    loops = {
        "Modules": (f"for m in self.modules():\n    if isinstance(m, {kind}):\n        {{m.weight}}", "m.weight"),
        "Tuple": ("for m in (self.fc1, self.fc2):\n    {m.weight}", "m.weight"),
        "Children": ("for m in self.children():\n    {m.weight}", "m.weight"),
        "Parameters": ("for p in self.parameters():\n    if p.dim() > 1:\n        {p}", "p"),
        "Named": ('for name, p in self.named_parameters():\n    if "weight" in name:\n        {p}', "p"),
    }
    yield direct(model)
    yield Spelling("Data", model.net("Data", _calls("{%s.data}", _HIDDEN)), tuple(f"{one}.data" for one in _HIDDEN))
    for name, (lines, tensor) in loops.items():
        yield Spelling(name, model.net(name, lines), (tensor,))
    tests = {"Apply": f"isinstance(m, {kind})", "Classname": f'm.__class__.__name__.find("{short}") != -1'}
    for name, test in tests.items():
        function = f"def init_{name}(m):\n    if {test}:\n        {{m.weight}}\n\n\n"
        yield Spelling(name, model.net(name, f"self.apply(init_{name})", function), ("m.weight",))
    helper = "def fill(layer):\n    {layer.weight}\n    return layer\n\n\n"
    yield Spelling("Helper", model.net("Helper", "fill(self.fc1)\nfill(self.fc2)", helper), ("layer.weight",))
    alias = "w = self.fc1.weight\n{w}\nv = self.fc2.weight.data\n{v}"
    yield Spelling("Alias", model.net("Alias", alias), ("w", "v"))
    yield Spelling("Method", model.net("Method", "self.reset_parameters()", methods=method), _HIDDEN)
    loop = f"for m in self.body:\n    if isinstance(m, {kind}):\n        {{m.weight}}"
    yield Spelling("Stack", model.sequential("Stack", loop), ("m.weight",))
    rows = tuple(f"self.body[{number}].weight" for number in (0, 2))
    yield Spelling("Index", model.sequential("Index", _calls("{%s}", rows)), rows)


def raw(model: Model) -> Iterator[Spelling]:
    """The same on a matrix that the class made itself."""
    for name, use in (("Product", "x @ self.w"), ("Functional", "torch.nn.functional.linear(x, self.w)")):
        yield Spelling(name, model.raw(name, "torch.empty(64, 64)", "{self.w}", use), ("self.w",))


def methods(model: Model) -> Iterator[Spelling]:
    """A method of the tensor; `{}` stands where the method of a tensor stands."""
    guarded = "with torch.no_grad():\n" + textwrap.indent(_calls("{%s}", _HIDDEN), "    ")
    yield Spelling("OfData", model.net("OfData", _calls("{%s.data}", _HIDDEN)), _HIDDEN)
    yield Spelling("NoGrad", model.net("NoGrad", guarded), _HIDDEN)
    test = f"if isinstance(m, {model.kind}):\n        {{m.weight.data}}"
    loop = "for m in self.modules():\n    " + test
    yield Spelling("OfLoop", model.net("OfLoop", loop), ("m.weight",))
    function = f"def fill_all(m):\n    {test}\n\n\n"
    yield Spelling("OfApply", model.net("OfApply", "self.apply(fill_all)", function), ("m.weight",))
    made = model.raw("OfNew", "{torch.empty(64, 64)}", "pass", "x @ self.w")
    yield Spelling("OfNew", made, ("torch.empty(64, 64)",))


def program(imports: str, spellings: list[Spelling]) -> str:
    """A file of these models."""
    return "\n\n".join([f"import torch\n{imports}\n", *(one.code for one in spellings)])


def _calls(pattern: str, tensors: tuple[str, ...]) -> str:
    return "\n".join(pattern % tensor for tensor in tensors)


def _class(name: str, built: str, methods: str, used: str) -> str:
    """The text of a module's class."""
    constructor = f"def __init__(self):\n    super().__init__()\n{textwrap.indent(built, '    ')}\n"
    forward = f"def forward(self, x):\n{textwrap.indent(used, '    ')}\n"
    body = "\n".join(part for part in (constructor, methods, forward) if part)
    return f"class {name}(nn.Module):\n{textwrap.indent(body, '    ')}"
