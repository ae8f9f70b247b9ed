"""INI103 uninitialized-parameter: a parameter keeps whatever its memory held before."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.advice import advice
from initlint.describe.groups import Member
from initlint.describe.owners import usage, written_by_name
from initlint.describe.parameter_lists import filled_in_loop, is_held, known_as, makes
from initlint.describe.raw import inherits_walk
from initlint.describe.symbols import number
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel, Model, Parameter, Site

_FILLED_BY_LOADING = re.compile(r"weight_loader|def (_load_from_state_dict|from_float|load_weights|from_pretrained)\b")
_SIZE_LIKE = re.compile(
    r"^[a-z]$|(^|_)(size|dim|dims|features?|hidden|width|channels?|num\w*|n_\w+|\w*_n|units|heads?|len|length|rank|planes|nf|in\w*|out\w*|"
    r"d_\w+|\w*_d|embed\w*|state|depth|classes|tags?|labels?|nodes?|units?|tokens?|vocab\w*)$",
    re.IGNORECASE,
)
_DATA_LIKE = re.compile(r"weights?$|matrix|table|data|vecs?$|vectors|values?$|array|anchors?|list$|embeddings?$", re.I)


class UninitializedParameter(Rule):
    """A parameter is made from raw memory, and nothing in the project fills it.

    ## What it does
    Reports `nn.Parameter(torch.empty(...))`, `torch.Tensor(n, m)`, `FloatTensor(n)`, `empty_like`, `new_empty` that no
    init reaches: none in the class, its parents and heirs, the models that build it, helper functions, scripts. Error
    when other files of the project were searched, warning for a file alone.

    Silent where the filling may be somewhere that cannot be read, for frozen parameters, for those that a loader
    fills, and for `torch.Tensor([0.5])`, which is data.

    ## Why is this bad?
    The memory holds whatever was there before: often zeros in a fresh process, so that tests pass, and NaN or 1e30 in
    a long one. The result of a training run then depends on what ran before it.

    ## Example
    ```python
    self.v = nn.Parameter(torch.FloatTensor(hidden_size))
    ```

    ## Use instead
    ```python
    self.v = nn.Parameter(torch.zeros(hidden_size))
    ```

    ## Fix safety
    Unsafe: vectors and tokens become zero, matrices get the scheme for what follows them; what was meant is not known.

    ## References
    - [torch.empty: uninitialized data](https://docs.pytorch.org/docs/stable/generated/torch.empty.html)
    """

    code = "INI103"
    name = "uninitialized-parameter"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every raw parameter that no write reaches, in this file or from any other."""
        if file.references is None:
            return
        filled = {_key(one) for model in file.models for one in model.parameters if _has_value(one)}
        for model in file.models:
            for parameter in model.parameters if model.complete else ():
                site = parameter.storage.site
                if site is None or site.path != file.path or not _is_raw(parameter) or _key(parameter) in filled:
                    continue
                if _may_be_filled(parameter, site) or not _is_used(parameter, site):
                    continue
                project, users = file.references.project, usage(file.references.project, site)
                if not users.sure or users.rewrites(site):
                    continue
                if written_by_name(project, _class_name(site), known_as(parameter)):
                    continue
                yield self.finding(
                    site,
                    _message(parameter),
                    help="give it a value: torch.zeros for a vector, a scheme of torch.nn.init for a matrix",
                    layer=f"{model.name}.{parameter.name}",
                    severity=Severity.WARNING if file.references.alone else None,
                    fix=_fix(model, parameter, site),
                )


def _message(parameter: Parameter) -> str:
    name = known_as(parameter)
    if is_held(parameter):
        return f"what {name} holds is made from raw memory and nothing fills it: forward reads whatever was there"
    return f"{name} is made from raw memory and nothing fills it: forward reads whatever was there"


def _key(parameter: Parameter) -> tuple[str, int, int] | None:
    site = parameter.storage.site
    return (site.path, getattr(site.node, "lineno", 0), getattr(site.node, "col_offset", 0)) if site else None


def _has_value(parameter: Parameter) -> bool:
    return len(parameter.history) > 1


def _is_raw(parameter: Parameter) -> bool:
    history = parameter.history
    if parameter.module.generic or len(history) != 1 or history[0].scheme != "empty" or history[0].default:
        return False
    return history[0].possible and not parameter.storage.frozen and 0 not in (parameter.shape or ())


def _may_be_filled(parameter: Parameter, site: Site) -> bool:
    """Whether the text around speaks of a filling that the reading did not see, or the tensor is data."""
    if not isinstance(site.node, ast.Call) or "requires_grad=False" in site.text.replace(" ", ""):
        return True
    made = parameter.history[0].site
    if made is not None and isinstance(made.node, ast.Call) and not _is_size(made.node):
        return True
    slot = re.escape(known_as(parameter))
    text = _class_text(site)
    method = rf"\.{slot}\b(\.data)?(\[[^\]]*\])?(\.data)?\.[a-z]+_\("
    function = rf"init\w*\.\w+\(\s*self\.{slot}\b|\(\s*self\.{slot}\.data"
    assigned = rf"\.{slot}(\[[^\]]*\])?\.data\b|\.{slot}\[[^\]]*\]" + (r"\[" if is_held(parameter) else r"\s*=[^=]")
    if _FILLED_BY_LOADING.search(text) or re.search(f"{method}|{function}|{assigned}", text):
        return True
    if any(re.search(rf"\(\s*self\.{slot}\b", body) for body in _init_methods(site)):
        return True
    if inherits_walk(parameter) or (is_held(parameter) and filled_in_loop(known_as(parameter), site)):
        return True
    return bool(re.search(rf"[\"']{slot}[\"']", text)) and "register_parameter" not in site.statement.text


def _is_size(call: ast.Call) -> bool:
    """Whether `torch.Tensor(x)` with a single name is a size; a list of numbers would be data."""
    name = syntax.last_name(call.func)
    if not name.endswith("Tensor") or len(call.args) != 1:
        return True
    argument = call.args[0]
    last = syntax.last_name(argument)
    if not last:
        return isinstance(argument, (ast.Constant, ast.BinOp))
    return bool(_SIZE_LIKE.search(last)) and not _DATA_LIKE.search(last)


def _class_name(site: Site) -> str:
    node = site.source.around(site.node, ast.ClassDef)
    return node.name if node is not None else ""


def _class_text(site: Site) -> str:
    node = site.source.around(site.node, ast.ClassDef)
    return "" if node is None else site.source.code_lines(node)


def _init_methods(site: Site) -> Iterator[str]:
    """The text of the class's methods that are there to be called by whoever builds it."""
    node = site.source.around(site.node, ast.ClassDef)
    for one in node.body if node is not None else ():
        if isinstance(one, ast.FunctionDef) and re.search(r"^(?!__).*(init|reset)", one.name):
            yield site.source.code_lines(one)


def _is_used(parameter: Parameter, site: Site) -> bool:
    """Whether the class reads it anywhere, other than where it makes it."""
    text, name = _class_text(site), known_as(parameter)
    read = len(re.findall(rf"\.{re.escape(name)}\b", text))
    if is_held(parameter):
        return read > len(re.findall(makes(name), text))
    return read > (0 if "register_parameter" in site.statement.text else 1)


def _fix(model: Model, parameter: Parameter, site: Site) -> Fix | None:
    from initlint.fixer.calls import rename_callee  # needs libcst: not on a clean run
    from initlint.fixer.fill import fill_tensor
    from initlint.fixer.fragment import CannotRewrite

    made = parameter.history[0].site
    try:
        if "contract" in parameter.uses and parameter.shape is not None and len(parameter.shape) == 2:
            edits = fill_tensor(site.source, site.node, advice(Member(model, parameter)).code)
        elif made is not None and isinstance(made.node, ast.Call) and _is_one_row(parameter):
            edits = rename_callee(site.source, made.node, "zeros")
        else:
            return None
    except CannotRewrite:
        return None
    return Fix(Applicability.UNSAFE, "Give it a value", edits) if edits else None


def _is_one_row(parameter: Parameter) -> bool:
    """A vector, or one token such as (1, 1, width)."""
    return bool(parameter.shape) and all(number(size) == 1 for size in (parameter.shape or ())[:-1])
