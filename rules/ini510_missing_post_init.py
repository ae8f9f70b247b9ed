"""INI510 missing-post-init: a transformers model that never initialises its weights."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.classes import order
from initlint.describe.facts import Constructed
from initlint.describe.nodes import Applied
from initlint.describe.values import Choice, ClassRef, External, ModuleObject, Storage, Tensor
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule
from initlint.source import syntax

if TYPE_CHECKING:
    from initlint.describe.nodes import FileModel
    from initlint.describe.values import Value

_FINISHING = frozenset(
    {
        "post_init",
        "init_weights",
        "_init_weights",
        "initialize_weights",
        "apply",
        "_backward_compatibility_gradient_checkpointing",
    }
)
_DATA = frozenset({"copy", "unknown"})
_CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict", "ParameterList"})


class MissingPostInit(Rule):
    """The constructor of a `PreTrainedModel` ends without `self.post_init()`.

    ## What it does
    Reports a subclass of a transformers `...PreTrainedModel` with layers of its own whose `__init__` reaches neither
    `post_init()` nor `init_weights()`. Silent for classes that others of the file build on.

    ## Why is this bad?
    `post_init` runs `_init_weights` over the model and ties its embeddings. Without it new layers keep torch's default
    (an embedding N(0, 1) where the family has N(0, 0.02)), and input and output embeddings are not tied.

    ## Example
    ```python
    class Classifier(BertPreTrainedModel):
        def __init__(self, config):
            super().__init__(config)
            self.bert = BertModel(config)
            self.head = nn.Linear(config.hidden_size, config.num_labels)
    ```

    ## Use instead
    ```python
    class Classifier(BertPreTrainedModel):
        def __init__(self, config):
            super().__init__(config)
            self.bert = BertModel(config)
            self.head = nn.Linear(config.hidden_size, config.num_labels)
            self.post_init()
    ```

    ## Fix safety
    Safe: it is what every model of transformers does last; weights that are loaded are not touched.

    ## References
    - [PreTrainedModel.post_init](https://huggingface.co/docs/transformers/main/en/main_classes/model)
    """

    code = "INI510"
    name = "missing-post-init"
    severity = Severity.ERROR

    def check(self, file: FileModel) -> Iterator[Finding]:
        """Every such class that was built and never got there."""
        for made in file.facts(Constructed):
            cls = made.site.node
            if (
                made.finished
                or made.site.path != file.path
                or not isinstance(cls, ast.ClassDef)
                or _is_built_on(file, cls.name)
            ):
                continue
            if _finishes(made.init) or any(map(_applies, _inherited(file, made))):
                continue
            if not any(_is_part(file, value, made.init) for value in made.module.slots.values()):
                continue
            yield self.finding(
                made.site,
                f"{cls.name} never calls self.post_init(): its _init_weights is not run, and embeddings are not tied",
                help="end __init__ with self.post_init()",
                layer=cls.name,
                fix=_fix(made),
            )


def _is_built_on(file: FileModel, name: str) -> bool:
    """Whether another class of the file derives from the one of this name."""
    return re.search(rf"^[ \t]*class\s+\w+\s*\([^)]*\b{re.escape(name)}\b", file.source.text, re.MULTILINE) is not None


def _finishes(init: ast.AST) -> bool:
    """Whether the text calls something that does the work, by whatever way it was not reached."""
    return any(isinstance(node, ast.Attribute) and node.attr in _FINISHING for node in syntax.walk(init))


def _inherited(file: FileModel, made: Constructed) -> Iterator[ast.AST]:
    """The constructors of the project's bases: what they initialise by hand is not left to `post_init`."""
    for base in _order(file, made.module)[1:]:
        if isinstance(base, ClassRef) and "__init__" in base.info.methods:
            yield base.info.methods["__init__"]


def _applies(init: ast.AST) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "apply" for node in syntax.walk(init))


def _order(file: FileModel, module: ModuleObject) -> tuple[ClassRef | External, ...]:
    known = file.references is not None and module.cls is not None
    return order(file.references.project, module.cls) if known else ()  # type: ignore[union-attr, arg-type]


def _is_part(file: FileModel, value: Value, init: ast.AST) -> bool:
    """Whether it is a layer or parameter that the constructor itself makes and nothing else answers for.

    What it is given was initialised before, and so was a whole model, or a layer that it draws by hand; a parameter
    made from data has its value.
    """
    if isinstance(value, Choice):
        return any(_is_part(file, option, init) for _, option in value.options)
    if isinstance(value, ModuleObject) and value.kind in _CONTAINERS:
        return any(_is_part(file, member, init) for member in value.slots.values())
    if isinstance(value, Tensor):
        storage = value.storage if value.is_parameter else None
        site = storage.site if storage is not None and _is_drawn(storage) else None
    else:
        site = value.site if isinstance(value, ModuleObject) and not _is_ready(file, value) else None
    return site is not None and site.function is init


def _is_drawn(storage: Storage) -> bool:
    return not storage.events or storage.events[-1].scheme not in _DATA


def _is_ready(file: FileModel, module: ModuleObject) -> bool:
    """Whether its weights have their values: they are loaded, drawn by hand, or its own constructor ends with an init.

    transformers' models do that last, and others by `apply`.
    """
    return (
        module.loaded is not None
        or _is_drawn_by_hand(module)
        or _is_model(file, module)
        or any(
            one.module is module and one.scope == "__init__" and not any(guard.default is False for guard in one.guards)
            for one in file.facts(Applied)
        )
    )


def _is_drawn_by_hand(module: ModuleObject) -> bool:
    """Whether it is a layer whose weight somebody writes: only its bias may be left at torch's default."""
    weight = module.slots.get("weight")
    storage = weight.storage if isinstance(weight, Tensor) else None
    return storage is not None and bool(storage.events) and not storage.events[-1].default


def _is_model(file: FileModel, module: ModuleObject) -> bool:
    """Whether it is a transformers model of its own, whose constructor ends as this one should."""
    names = (one.name if isinstance(one, ClassRef) else one.dotted for one in _order(file, module)[1:])
    return any(name.rpartition(".")[2].endswith(("PreTrainedModel", "PretrainedModel")) for name in names)


def _fix(made: Constructed) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.statements import append_to_function

    return attempt(
        Applicability.SAFE,
        "Call self.post_init() last",
        lambda: append_to_function(made.site.source, made.init, "self.post_init()"),
    )
