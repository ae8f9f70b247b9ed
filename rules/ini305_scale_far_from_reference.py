"""INI305 scale-far-from-reference."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from initlint.describe.advice import advice
from initlint.describe.asked import asked
from initlint.describe.groups import Member, groups, members, places
from initlint.describe.products import is_contracted
from initlint.describe.reach import below
from initlint.describe.symbols import constant, number
from initlint.finding import Finding, Fix, Severity
from initlint.reference.activations import RECTIFIERS, SATURATING, SMOOTH_RECTIFIERS
from initlint.reference.recommend import Recommendation, recommend
from initlint.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from initlint.describe.nodes import FileModel, InitCall, Model, Parameter, Site

CUSTOMARY = (0.01, 0.04)  # stds that are given to every layer of a normalised network alike
_JUDGED = RECTIFIERS | SMOOTH_RECTIFIERS | SATURATING
_FREE = frozenset({"normal", "uniform", "trunc_normal", "xavier_uniform", "xavier_normal"})
_CONVENTIONS = (0.02, 0.01)  # Radford et al. 2016, sec. 4; Devlin et al. 2019, A.2; Krizhevsky et al. 2012, sec. 5
_SHALLOW = 6  # layers; He et al. 2015, sec. 2.2, find std .01 harmful in VGG-B's 13


class ScaleFarFromReference(Rule):
    """The std of a weight is several times smaller or larger than its place asks for.

    ## What it does
    Compares the std that is drawn (after truncation; bound/sqrt(3) for uniform) with what suits the fan and the
    activation that follows, where both are known and the layer stands in a plain path: no norm, no residual, no gate,
    not the last layer. Speaks outside 1/3 ... 3. A statement that also serves normalised or residual layers is silent:
    0.02 everywhere is right there, and so it is beside such layers.

    A std of 0.02 or 0.01 in a shallow network is a convention: advice.

    ## Why is this bad?
    The factor is raised to the power of the depth: N(0, 0.02) in layers of 512 with ReLU keeps 0.32 of the std a
    layer, 1e-10 after 20. Before sigmoid and tanh a std too large puts the units on their flat ends.

    ## Example
    ```python
    nn.init.normal_(self.fc.weight, std=0.001)
    ...
    x = F.relu(self.fc(x))
    ```

    ## Use instead
    ```python
    nn.init.kaiming_normal_(self.fc.weight, nonlinearity="relu")
    ```

    ## Fix safety
    Unsafe: other numbers are drawn, so training changes. The distribution (uniform or normal) stays.

    ## References
    - He et al. 2015, Delving Deep into Rectifiers, sec. 2.2 (std 0.01 in a 16-layer net), https://arxiv.org/abs/1502.01852
    - Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks
    """

    code = "INI305"
    name = "scale-far-from-reference"
    severity = Severity.WARNING
    options: ClassVar[Mapping[str, Any]] = {"ratio": 3.0}

    def check(self, file: FileModel) -> Iterator[Finding]:
        """One finding for each statement that is far off."""
        limit = float(self.options["ratio"])
        held = {id(one) for model in file.models if _has_norms(model) for one in model.parameters}
        for group in groups(file, lambda one: _may_be_far(one, limit, held=id(one) in held)):
            if _is_anothers(group.members):
                continue
            far = [(member, ratio) for member in group.members if (ratio := _ratio(member)) is not None]
            far = [(member, ratio) for member, ratio in far if not 1 / limit <= ratio <= limit]
            if not far or any(_eased(member) for member in group.members) or _is_custom(file, far[0][0]):
                continue
            ratios = dict(far)
            few = group.event.broad and 2 * len(far) < len(group.members)  # written for the others
            severity = Severity.INFO if few or _conventional(group.members) else None
            for site, alike in places(ratios, "std", "b", "to", "gain"):
                worst = max(alike, key=lambda one: abs(math.log(ratios[one])))
                fix = _fix(group.call, tuple(ratios)) if site.node is group.site.node else None
                found = self._told(site, worst, ratios[worst], fix, severity)
                yield replace(found, concerns=tuple(one.name for one in alike))

    def _told(self, site: Site, member: Member, ratio: float, fix: Fix | None, severity: Severity | None) -> Finding:
        suited = advice(member)
        return self.finding(
            site,
            f"std {_std(member):.3g} where {suited.scheme} for {member.activation} gives {_reference(member):.3g}: "
            f"{ratio:.3g} times the signal's std in each layer",
            help=f"Use {suited.code.call('w')}: {suited.why}.",
            layer=member.name,
            severity=severity,
            fix=fix,
        )


def _has_norms(model: Model) -> bool:
    return any("Norm" in one.kind for one in below(model.root).values())


def _may_be_far(parameter: Parameter, limit: float, *, held: bool) -> bool:
    """Whether the std is far from what some activation would ask for, before it is known which one follows.

    `held` says that the model has norms, among which a customary std is no matter.
    """
    event, spec = parameter.effective, parameter.spec
    std = number(event.std) if event is not None and event.scheme in _FREE else None
    if std is not None and held and CUSTOMARY[0] <= std <= CUSTOMARY[1]:
        return False
    if not std or spec is None:
        return bool(std)
    fans = number(spec.effective_fan_in), number(spec.effective_fan_out)
    asked_for = (number(one.std(*fans)) for one in _every_advice())
    return any(not 1 / limit <= std / reference <= limit for reference in asked_for if reference)


@cache
def _every_advice() -> tuple[Recommendation, ...]:
    modes = ("fan_in", "fan_out")
    lecun = recommend("selu")  # as a rectifier of any slope at least
    return (lecun, *(recommend(activation, mode=mode) for activation in sorted(_JUDGED) for mode in modes))


def _conventional(members: tuple[Member, ...]) -> bool:
    """DCGAN's and BERT's N(0, .02) and Caffe's N(0, .01), in a network too shallow for them to do harm."""
    return len(members) < _SHALLOW and all(_std(member) in _CONVENTIONS for member in members)


def _std(member: Member) -> float | None:
    event = member.parameter.effective
    return number(event.std) if event is not None else None


def _reference(member: Member) -> float | None:
    parameter = member.parameter
    return number(advice(member).std(parameter.effective_fan_in, parameter.effective_fan_out))


def _ratio(member: Member) -> float | None:
    """std over reference, for a layer in a plain path."""
    if not member.plain or member.activation not in _JUDGED or not is_contracted(member):
        return None
    std, reference = _std(member), _reference(member)
    return std / reference if std and reference else None


def _is_anothers(alike: tuple[Member, ...]) -> bool:
    """INI201 has Xavier and LeCun, INI203 SELU, INI301 the formulas, INI302 to INI304 N(0, 1) and means."""
    for member in alike:
        event, scheme = member.parameter.effective, asked(member.parameter)
        if event is None or number(event.mean) != 0 or member.activation == "selu":
            return True
        if scheme is not None and scheme.family in ("xavier", "lecun") and math.isclose(scheme.gain, 1, rel_tol=1e-3):
            return True
        if constant(event.std) == 1 or (scheme is not None and scheme.by_hand) or _is_formula(event.call):
            return True
    return False


def _is_formula(call: InitCall | None) -> bool:
    from initlint.describe.origin import divides

    return call is not None and any(divides(call.site, node) for node in call.nodes.values())


def _eased(member: Member) -> bool:
    """Whether something makes the scale harmless here: then the statement was written for such a network."""
    follow = member.parameter.follow
    return follow is not None and (follow.normalised or follow.residual or follow.prenorm)


def _is_custom(file: FileModel, member: Member) -> bool:
    """Whether this is the 0.02 of transformers and GANs, in a model that has residual paths or norms to hold it."""
    std = _std(member)
    if std is None or not CUSTOMARY[0] <= std <= CUSTOMARY[1]:
        return False
    return any(_eased(other) for other in members(file) if other.model is member.model)


def _fix(call: InitCall | None, members: tuple[Member, ...]) -> Fix | None:
    from initlint.fixer.scheme import recommended  # libcst

    return recommended(call, members)
