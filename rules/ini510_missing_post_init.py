"""INI510 missing-post-init: a transformers model that never initialises its weights."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.facts import Constructed
from initlint.describe.values import Choice, ModuleObject, Tensor
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
            if _finishes(made.init) or not any(_is_part(value, made.init) for value in made.module.slots.values()):
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


def _is_part(value: Value, init: ast.AST) -> bool:
    """Whether it is a layer or parameter that the constructor itself makes; what it is given was initialised before."""
    if isinstance(value, Choice):
        return any(_is_part(option, init) for _, option in value.options)
    if isinstance(value, ModuleObject) and value.kind in _CONTAINERS:
        return any(_is_part(member, init) for member in value.slots.values())
    if isinstance(value, Tensor):
        site = value.storage.site if value.is_parameter and value.storage is not None else None
    else:
        site = value.site if isinstance(value, ModuleObject) else None
    return site is not None and site.function is init


def _fix(made: Constructed) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.statements import append_to_function

    return attempt(
        Applicability.SAFE,
        "Call self.post_init() last",
        lambda: append_to_function(made.site.source, made.init, "self.post_init()"),
    )
