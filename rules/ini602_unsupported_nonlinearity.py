"""INI602 unsupported-nonlinearity: a name that torch's gain table does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.handing import handed_over
from initlint.describe.nodes import InitCall, Site
from initlint.describe.symbols import Sym
from initlint.describe.values import Choice
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.reference.gains import canonical_activation, gain_of, torch_nonlinearity
from initlint.reference.torch_gains import TORCH_NONLINEARITIES
from initlint.rule import Rule

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel

_CALLEES = frozenset({"kaiming_uniform", "kaiming_normal", "calculate_gain"})


class UnsupportedNonlinearity(Rule):
    """`kaiming_*` or `calculate_gain` is given the name of an activation that torch's table of gains does not hold.

    ## What it does
    Reports `nonlinearity="gelu"`, `"silu"`, `"elu"`, `"prelu"`, `"ReLU"` and all other strings but those torch takes:
    linear, conv1d ... conv_transpose3d, sigmoid, tanh, relu, leaky_relu, selu. Silent inside `try`, and for functions
    of the same name that are not torch's.

    ## Why is this bad?
    torch raises `ValueError: Unsupported nonlinearity gelu`. It shows only when this branch of the code runs.

    ## Example
    ```python
    nn.init.kaiming_normal_(self.fc.weight, nonlinearity="gelu")
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(self.fc.weight, nonlinearity="relu")
    ```

    ## Fix safety
    Unsafe: `relu` is the nearest name for smooth rectifiers, not the exact gain of each. In `calculate_gain` the call
    gives way to the activation's own gain.

    ## References
    - [torch.nn.init.calculate_gain](https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.calculate_gain)
    - He et al. 2015, eq. 10 and 15, https://arxiv.org/abs/1502.01852
    """

    code = "INI602"
    name = "unsupported-nonlinearity"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every call of torch's own function with a name that is known and unknown to torch."""
        for call in file.facts(InitCall):
            torch_own = call.function.startswith("torch.nn.init.") and call.name.rstrip("_") in _CALLEES
            word = _word(call) if torch_own and not call.in_try else None
            if word is not None:
                site, node = handed_over(call.site, call.nodes.get("nonlinearity"), call.via)
                yield self.finding(
                    site,
                    f"torch has no gain for {word!r}: `{call.name}` raises ValueError",
                    help=f"torch takes {', '.join(sorted(n for n in TORCH_NONLINEARITIES if 'conv' not in n))}",
                    layer=file.name_of(call.target.storage),
                    fix=_fix(call, word) if site is call.site and node is not None else None,
                )


def _word(call: InitCall) -> str | None:
    """The name that torch refuses; of a choice, one that the default configuration does not rule out."""
    value = call.values.get("nonlinearity")
    if isinstance(value, Choice):
        possible = [v for guards, v in value.options if all(guard.default is not False for guard in guards)]
        value = next((option for option in possible if _refused(option)), None)
    if isinstance(value, Sym):
        skipped = any(guard.default is False for guard in call.guards)
        value = None if skipped else value.default
    return value if isinstance(value, str) and _refused(value) else None


def _refused(value: object) -> bool:
    return isinstance(value, str) and value not in TORCH_NONLINEARITIES


def _nearest(word: str) -> str:
    """The name in torch's table that comes nearest; `relu` for what has no name there."""
    known = canonical_activation(word)
    return (torch_nonlinearity(known) if known is not None else None) or "relu"


def _fix(call: InitCall, word: str) -> Fix | None:
    import ast  # for the fix alone, as the rest here

    from initlint.fixer.attempt import attempt
    from initlint.fixer.calls import quoted
    from initlint.fixer.rewrite import replace_expression

    site: Site = call.site
    node = call.nodes.get("nonlinearity")
    if not isinstance(node, ast.Constant) or not isinstance(site.node, ast.Call):
        return None
    source, outer = site.source, site.node
    nearest, known = _nearest(word), canonical_activation(word)
    gain = gain_of(known) if known is not None and known not in TORCH_NONLINEARITIES else None
    if call.name == "calculate_gain" and gain is not None:
        number = f"{gain.forward:.4g}"
        return attempt(
            Applicability.UNSAFE,
            f"Write the gain of {word}, {number}",
            lambda: replace_expression(source, outer, number),
        )
    return attempt(
        Applicability.UNSAFE,
        f"Write {nearest!r}",
        lambda: replace_expression(source, node, quoted(source, nearest)),
    )
