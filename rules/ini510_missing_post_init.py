"""INI510 missing-post-init: a transformers model that never initialises its weights."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from initlint.describe.facts import Constructed
from initlint.describe.values import Choice, ModuleObject, Tensor
from initlint.finding import Applicability, Finding, Fix, Severity
from initlint.rule import Rule

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
        built_on = {
            name for node in ast.walk(file.source.tree) if isinstance(node, ast.ClassDef) for name in _bases(node)
        }
        for made in file.facts(Constructed):
            cls = made.site.node
            if (
                made.finished
                or made.site.path != file.path
                or not isinstance(cls, ast.ClassDef)
                or cls.name in built_on
            ):
                continue
            if _finishes(made.init) or not _has_weights(made.module):
                continue
            yield self.finding(
                made.site,
                f"{cls.name} never calls self.post_init(): its weights keep torch's defaults",
                help="end __init__ with self.post_init()",
                layer=cls.name,
                fix=_fix(made),
            )


def _bases(node: ast.ClassDef) -> list[str]:
    return [ast.unparse(base).rpartition(".")[2] for base in node.bases]


def _finishes(init: ast.AST) -> bool:
    """Whether the text calls something that does the work, by whatever way it was not reached."""
    return any(isinstance(node, ast.Attribute) and node.attr in _FINISHING for node in ast.walk(init))


def _has_weights(module: ModuleObject) -> bool:
    """Whether it has layers or parameters of its own."""
    return any(_is_part(value) for value in module.slots.values())


def _is_part(value: Value) -> bool:
    if isinstance(value, Choice):
        return any(_is_part(option) for _, option in value.options)
    return isinstance(value, ModuleObject) or (isinstance(value, Tensor) and value.is_parameter)


def _fix(made: Constructed) -> Fix | None:
    from initlint.fixer.attempt import attempt  # needs libcst: not on a clean run
    from initlint.fixer.statements import append_to_function

    return attempt(
        Applicability.SAFE,
        "Call self.post_init() last",
        lambda: append_to_function(made.site.source, made.init, "self.post_init()"),
    )
