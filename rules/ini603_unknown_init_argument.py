"""INI603 unknown-init-argument: a function, keyword or mode that torch does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.facts import InitName
from initlint.describe.handing import handed_over
from initlint.describe.nodes import InitCall
from initlint.describe.signatures import DEPRECATED, METHODS, SIGNATURES
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

_FUNCTIONS = {
    "zeros": "zeros_", "ones": "ones_", "zero_": "zeros_", "zero": "zeros_", "one_": "ones_", "fill_": "constant_",
    "const_": "constant_", "trunc_normal": "trunc_normal_", "truncated_normal_": "trunc_normal_",
    "truncated_normal": "trunc_normal_", "glorot_uniform_": "xavier_uniform_", "glorot_normal_": "xavier_normal_",
    "glorot_uniform": "xavier_uniform_", "glorot_normal": "xavier_normal_", "he_normal_": "kaiming_normal_",
    "he_uniform_": "kaiming_uniform_", "he_normal": "kaiming_normal_", "he_uniform": "kaiming_uniform_",
    "orthogonal_init": "orthogonal_", "eyes_": "eye_", "identity_": "eye_",
}  # fmt: skip
_STD = ("stddev", "stdev", "std_dev", "sigma", "scale")
_BOUNDS = {"low": "a", "lower": "a", "min": "a", "minval": "a", "from_": "a", "min_val": "a",
           "high": "b", "upper": "b", "max": "b", "maxval": "b", "to": "b", "max_val": "b"}  # fmt: skip
_KEYWORDS = {
    "normal_": dict.fromkeys(_STD, "std"), "trunc_normal_": dict.fromkeys(_STD, "std") | _BOUNDS,
    "uniform_": _BOUNDS, "constant_": dict.fromkeys(("value", "fill_value", "c", "constant"), "val"),
    "kaiming": {"activation": "nonlinearity", "non_linearity": "nonlinearity", "slope": "a", "negative_slope": "a"},
}  # fmt: skip
_METHODS = frozenset({"normal_", "uniform_", "fill_", "zero_"})
_MODES = ("fan_in", "fan_out")


class UnknownInitArgument(Rule):
    """A call names a function, a keyword or a mode that torch.nn.init does not have.

    ## What it does
    Reports names looked up in `torch.nn.init` that it has never had (`zeros`, `variance_scaling_`), keywords that its
    functions and the tensor methods `normal_`, `uniform_`, `fill_`, `zero_` do not take (`stddev=`), and modes other
    than `fan_in` and `fan_out`.

    ## Why is this bad?
    AttributeError, TypeError or ValueError, as soon as the line is reached. Most come from another framework: Keras has
    `variance_scaling`, TensorFlow says `stddev`.

    ## Example
    ```python
    nn.init.normal_(self.fc.weight, stddev=0.02)
    nn.init.zeros(self.fc.bias)
    ```

    ## Use instead
    ```python
    nn.init.normal_(self.fc.weight, std=0.02)
    nn.init.zeros_(self.fc.bias)
    ```

    ## Fix safety
    Safe: the name that torch has for the same thing; the code raised before. Where torch has nothing of the kind, as
    for `fan_avg`, there is no fix.

    ## References
    - [torch.nn.init](https://docs.pytorch.org/docs/stable/nn.init.html)
    """

    code = "INI603"
    name = "unknown-init-argument"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Unknown functions where they are named, unknown keywords and modes where they are given."""
        for named in file.facts(InitName):
            if named.name not in DEPRECATED and not named.in_try:
                yield self._function(named)
        for call in file.facts(InitCall):
            if not call.in_try:
                yield from self._arguments(file, call)

    def _function(self, named: InitName) -> Finding:
        site = named.site
        parent = site.source.parents.get(site.node)
        if isinstance(parent, ast.Call) and parent.func is site.node:
            site = type(site)(site.source, parent)
        known = _FUNCTIONS.get(named.name)
        return self.finding(
            site,
            f"torch.nn.init has no function `{named.name}`",
            help=f"torch calls it `{known}`" if known else "see the list of functions of torch.nn.init",
            fix=_rename(named, known) if known else None,
        )

    def _arguments(self, file: FileModel, call: InitCall) -> Iterator[Finding]:
        layer = file.name_of(call.target.storage)
        for keyword in _unknown(call):
            known = _meant(call, keyword)
            yield self.finding(
                call.site,
                f"`{call.name}` has no argument `{keyword}`: this raises TypeError",
                help=f"torch calls it `{known}`" if known else "",
                layer=layer,
                fix=_other_keyword(call, keyword, known) if known else None,
            )
        mode = call.values.get("mode") if call.name.startswith("kaiming_") and not call.is_method else None
        if isinstance(mode, str) and mode.lower() not in _MODES:
            yield self.finding(
                handed_over(call.site, call.nodes.get("mode"), call.via)[0],
                f"`{call.name}` has no mode {mode!r}: this raises ValueError",
                help="torch takes fan_in (keeps the forward variance) and fan_out (keeps the backward variance)",
                layer=layer,
            )


def _unknown(call: InitCall) -> list[str]:
    """The keywords that the function does not take."""
    if call.is_method:
        takes = {*METHODS[call.name], "generator"} if call.name in _METHODS else None
    elif call.function.startswith("torch.nn.init."):
        signature = SIGNATURES.get(DEPRECATED.get(call.name, call.name))
        takes = {name for name, _ in signature} if signature is not None else None
    else:
        takes = None
    written = call.site.node.keywords if isinstance(call.site.node, ast.Call) else []
    return [] if takes is None else [one.arg for one in written if one.arg is not None and one.arg not in takes]


def _meant(call: InitCall, keyword: str) -> str | None:
    name = DEPRECATED.get(call.name, call.name)
    known = _KEYWORDS.get("kaiming" if name.startswith("kaiming") else name, {}).get(keyword)
    if call.is_method and name != "normal_":
        return None  # the bounds of a tensor's uniform_ have no names that can be written
    taken = set(call.nodes)
    return known if known not in taken else None


def _rename(named: InitName, known: str) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.calls import rename_function

    site, node = named.site, named.site.node
    if not isinstance(node, (ast.Attribute, ast.Name)):
        return None
    return attempt(Applicability.SAFE, f"Call `{known}`", lambda: rename_function(site.source, node, known))


def _other_keyword(call: InitCall, keyword: str, known: str) -> Fix | None:
    from initlint.fixer.attempt import attempt  # as above
    from initlint.fixer.calls import set_arguments

    site, node = call.site, call.site.node
    if not isinstance(node, ast.Call):
        return None
    return attempt(
        Applicability.SAFE,
        f"Name the argument `{known}`",
        lambda: set_arguments(site.source, node, rename={keyword: known}),
    )
