"""From a target to a function that builds the model, with every way it can fail told in one line. (child)"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from initlint.runtime.frames import user_traceback
from initlint.runtime.protocol import Failure, Place, Target


class CannotBuildError(Exception):
    """A target that cannot be built; carries what to tell."""

    def __init__(
        self, target: Target, message: str, error: BaseException | None = None, *, skipped: bool = False
    ) -> None:
        """`error` is the user's own exception, if there was one."""
        super().__init__(message)
        self.failure = Failure(
            target.text, message, user_traceback(error) if error is not None else "", skipped=skipped
        )


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to build the model, what it is called and where it is defined."""

    name: str
    build: Callable[[], object]
    place: Place | None = None
    live: bool = False  # there already: building it again gives the same object


def find_recipe(target: Target, *, optional: bool = False) -> Recipe:
    """Import what the target names. `optional` targets come from a folder: what cannot be built is skipped."""
    if target.kind == "hf":
        return _from_config(target)
    module = _import(target)
    thing: Any = module
    for part in target.name.split("."):
        if not hasattr(thing, part):
            raise CannotBuildError(target, f"{target.text}: {target.location} has no {part!r}{_near(thing, part)}")
        thing = getattr(thing, part)
    if optional and not (isinstance(thing, type) and issubclass(thing, nn.Module)):
        raise CannotBuildError(target, f"{target.name} is no torch module", skipped=True)
    if isinstance(thing, nn.Module):
        return Recipe(target.name, lambda: thing, None, live=True)
    if not callable(thing):
        kind = type(thing).__name__
        raise CannotBuildError(
            target, f"{target.text} is {_article(kind)}, not a module class or a function that returns a model"
        )
    if isinstance(thing, type) and not issubclass(thing, nn.Module):
        raise CannotBuildError(target, f"{target.text} is a class, but not a torch.nn.Module")
    _demand_arguments(target, thing, optional=optional)
    return Recipe(target.name, lambda: thing(*target.arguments, **target.keywords), _place(thing))


def checked(target: Target, built: object) -> nn.Module:
    """What was built, if it is a module."""
    if isinstance(built, nn.Module):
        return built
    kind = type(built).__name__
    extra = ""
    if isinstance(built, (tuple, list)) and any(isinstance(item, nn.Module) for item in built):
        extra = "; one of its items is a Module: name a function that returns that one"
    raise CannotBuildError(target, f"{target.text} returned {_article(kind)}, not a torch.nn.Module{extra}")


def _article(kind: str) -> str:
    """A class's name with its article."""
    return "None" if kind == "NoneType" else f"{'an' if kind[:1].lower() in 'aeiou' else 'a'} {kind}"


def _import(target: Target) -> ModuleType:
    sys.path.insert(0, str(Path.cwd())) if str(Path.cwd()) not in sys.path else None
    try:
        if target.kind == "module":
            return importlib.import_module(target.location)
        return import_file(Path(target.location))
    except ModuleNotFoundError as error:
        if target.kind == "module" and error.name and target.location.startswith(error.name):
            raise CannotBuildError(target, f"{target.text}: there is no module named {error.name!r}") from None
        raise CannotBuildError(target, f"{target.text}: importing it fails: {error}", error) from None
    except SystemExit as error:
        raise CannotBuildError(
            target, f"{target.text}: it calls sys.exit({error.code!r}) when imported", error
        ) from None
    except Exception as error:  # importing runs the user's code
        message = f"{target.text}: importing it raises {type(error).__name__}: {error}"
        raise CannotBuildError(target, message, error) from None


def import_file(path: Path) -> ModuleType:
    """Import a file under the name its package gives it, so that relative imports work."""
    path = path.resolve()
    names, folder = [path.stem] if path.stem != "__init__" else [], path.parent
    while (folder / "__init__.py").is_file():
        names.insert(0, folder.name)
        folder = folder.parent
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    name = ".".join(names)
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    if len(names) > 1 and known is None:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name if known is None else f"initlint_target_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(spec.name, None)
        raise
    return module


def _demand_arguments(target: Target, thing: Callable[..., object], *, optional: bool) -> None:
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(*target.arguments, **target.keywords)
    except TypeError as error:
        missing = _missing(signature, target)
        if not missing:
            shown = f"{target.name}{signature}"
            raise CannotBuildError(
                target, f"{target.text} does not take these arguments: {error}; it is {shown}"
            ) from None
        example = "{" + ", ".join(f'"{name}": ...' for name in missing) + "}"
        raise CannotBuildError(
            target,
            f"{target.text} needs {'an argument' if len(missing) == 1 else 'arguments'}: {', '.join(missing)}; "
            f"give {'it' if len(missing) == 1 else 'them'} with --kwargs '{example}'",
            skipped=optional,
        ) from None


def _missing(signature: inspect.Signature, target: Target) -> list[str]:
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    wanted = [
        item.name
        for item in signature.parameters.values()
        if item.default is inspect.Parameter.empty and item.kind not in kinds
    ]
    return [name for name in wanted[len(target.arguments) :] if name not in target.keywords]


def _near(thing: object, part: str) -> str:
    names = [name for name in dir(thing) if not name.startswith("_")]
    close = difflib.get_close_matches(part, names, n=3)
    classes = [name for name in names if isinstance(getattr(thing, name, None), type)]
    shown = close or [name for name in classes if issubclass(getattr(thing, name), nn.Module)][:8]
    return f"; it has {', '.join(shown)}" if shown else ""


def _place(thing: Callable[..., object]) -> Place | None:
    try:
        path = inspect.getsourcefile(thing)
        line = inspect.getsourcelines(thing)[1]
    except (OSError, TypeError):
        return None
    return Place(path, line, 1, line, 1, getattr(thing, "__name__", "")) if path else None


def _from_config(target: Target) -> Recipe:
    try:
        import transformers  # only targets of this kind need it
    except ImportError:
        raise CannotBuildError(target, f"{target.text} needs transformers: pip install transformers") from None
    path = Path(target.location)
    try:
        config = transformers.AutoConfig.from_pretrained(str(path.parent if path.name == "config.json" else path))
    except Exception as error:  # a foreign library reads a foreign file
        message = f"{target.text}: transformers cannot read this configuration: {error}"
        raise CannotBuildError(target, message.splitlines()[0]) from None
    name = _architecture(config)
    factory = getattr(transformers, name, None) if name else None
    place = Place(str(path), 1, 1, 1, 1)
    if factory is not None:
        return Recipe(name, lambda: factory(config), place)
    return Recipe(type(config).__name__.removesuffix("Config"), lambda: _automatic(transformers, config), place)


def _automatic(library: Any, config: Any) -> object:
    return library.AutoModel.from_config(config)


def _architecture(config: Any) -> str:
    names = getattr(config, "architectures", None) or [""]
    return str(names[0] or "")
