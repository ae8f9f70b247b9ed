"""`forward`, read when somebody first asks what a layer's output meets."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from initlint.describe import classes, forward
from initlint.describe import flow_operations as operations
from initlint.describe.flow import Follow, Graph, follow
from initlint.describe.nodes import Parameter
from initlint.describe.project import Project
from initlint.describe.run import Frame, Run, Stop
from initlint.describe.values import Function, ModuleObject, Storage
from initlint.reference.fans import torch_fans

Fans = tuple[Any, Any, Any, Any]


class LazyFlow:
    """The flow of one model: its graph is made on first use, and kept."""

    def __init__(self, run: Run, module: ModuleObject | None) -> None:
        self._run = run
        self._module = module
        self._follows: dict[int, Follow | None] = {}

    @property
    def method(self) -> Function | None:
        """The forward that the model's class has."""
        if self._module is None or self._module.cls is None:
            return None
        return classes.find(self._run.project, self._module.cls, "forward")

    @property
    def project(self) -> Project:
        """The files among which the model was read."""
        return self._run.project

    @property
    def exists(self) -> bool:
        """Whether there is a forward to read."""
        return self.method is not None or (self._module is not None and "Sequential" in self._module.bases)

    @cached_property
    def graph(self) -> Graph | None:
        """The operations of forward; None where it cannot be read to its end."""
        run, module = self._run, self._module
        if module is None or not self.exists:
            return None
        kept = len(run.records)
        run.steps = 0
        try:
            self._read(run, module)
        except (Stop, RecursionError):
            return None
        finally:
            run.forward = False
            del run.records[kept:]
        return Graph(run.nodes)

    def _read(self, run: Run, module: ModuleObject) -> None:
        method = self.method
        if method is not None:
            forward.read_forward(run, module, method)
            return
        run.forward = True
        site = module.site
        if site is None:
            return
        frame = Frame(run.project.file(site.path), {}, "forward")  # type: ignore[arg-type]
        value = forward.base_forward(run, module, [operations.add(run, "input", [])], {}, site.node, frame)
        operations.add(run, "return", operations.flows(run, [value]))

    def follow(self, key: object) -> Follow | None:
        """What the outputs of a module, or of the products with a raw parameter, meet."""
        if id(key) not in self._follows:
            self._follows[id(key)] = follow(self.graph, key) if self.graph is not None else None
        return self._follows[id(key)]

    def uses(self, storage: Storage) -> tuple[str, ...]:
        """How forward uses a parameter, in order of first use."""
        return tuple(dict.fromkeys(how for how, _ in storage.uses)) if self.graph is not None else ()

    def fans(self, parameter: Parameter) -> Fans:
        """torch's fans and the effective ones of a parameter."""
        spec = parameter.spec
        if spec is not None:
            return spec.fan_in, spec.fan_out, spec.effective_fan_in, spec.effective_fan_out
        shape, drawn = parameter.shape, parameter.drawn_shape
        fans = torch_fans(drawn) if drawn is not None and len(drawn) > 1 else None
        if fans is None or shape is None:
            return None, None, None, None
        return (*fans, *(self._contracted(parameter.storage, shape) or (None, None)))

    def _contracted(self, storage: Storage, shape: tuple[Any, ...]) -> tuple[Any, Any] | None:
        """The sizes that a product really sums over, and those it leaves, for a raw parameter."""
        if self.graph is None:
            return None
        for how, detail in storage.uses:
            axes = detail.get("axes")
            axis = detail.get("axis")
            if how != "contract":
                continue
            if axis in (-1, -2) and (len(shape) == 2 or detail.get("matrices")):
                axis = -3 - axis if detail.get("transposed") else axis
                return shape[axis], shape[-3 - axis]
            if axes and len(axes) < len(shape) and max(axes) < len(shape):
                return _product(shape, axes), _product(shape, [i for i in range(len(shape)) if i not in axes])
        return None


def _product(shape: tuple[Any, ...], axes: Any) -> Any:
    total: Any = 1
    for axis in axes:
        total = total * shape[axis]
    return total
