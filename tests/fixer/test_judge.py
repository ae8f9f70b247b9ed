"""The verdict on a fix, from what was measured before and after it."""

from __future__ import annotations

from dataclasses import asdict, replace

from initlint.finding import Applicability, Edit, Finding, Fix, Severity, Span
from initlint.fixer.judge import Case, judge
from initlint.fixer.proof import Proof, Verdict
from initlint.fixer.trial import Trial
from initlint.runtime.propagation_report import Band, LayerSignal, Path, Propagation
from initlint.runtime.protocol import Event, Failure, Form, Model, Parameter, Place
from initlint.source.text import SourceText

TEXT = "class Net(nn.Module):\n    init(w)\n"
TARGET = "net.py:Net"
BITS = {"fc.weight": "1", "fc.bias": "2"}


def finding(code: str = "INI201", message: str = "Use another") -> Finding:
    place = Span(2, 5, 2, 12)
    fix = Fix(Applicability.UNSAFE, message, (Edit(place, "other(w)"),))
    return Finding(code, "some-rule", Severity.WARNING, "net.py", place, "wrong", layer="Net.fc.weight", fix=fix)


def weight(std: float | None, *, ratio: float | None = None, **more: object) -> Parameter:
    event = Event("set", "normal", "nn.init.normal_", {}, place=Place("net.py", 2, 5, 2, 12))
    row = Parameter("fc.weight", (8, 8), 64, scheme="normal", std=std, mean=0.0, ratio=ratio, history=(event,))
    return replace(row, form=Form("normal", 0.0, std), **more)  # type: ignore[arg-type]


def model(row: Parameter, *, factor: float | None = 1.0, bits: dict[str, str] | None = None) -> Model:
    """A model of one weight, on a path of three layers of which each multiplies the variance by `2 ** factor`."""
    return Model(TARGET, "Net", parameters=(row,), propagation=_signal(factor), digests=BITS if bits is None else bits)


def _signal(factor: float | None) -> dict[str, object]:
    """`factor` is log2 of the variance that one layer leaves; None: nothing arrives at the last."""
    bands = tuple(None if factor is None and step else Band(*(step * (factor or 0.0),) * 3) for step in range(3))
    layers = tuple(
        LayerSignal(name, 0, "Linear", moment=band) for name, band in zip(("fc", "b", "c"), bands, strict=True)
    )
    return asdict(Propagation(layers, (Path((0, 1, 2), moment=bands, gradient=bands[::-1]),)))


def verdict(before: Model | str, after: Model | str, one: Finding | None = None, **more: bool) -> Proof:
    """The proof where the target became a model, or failed with a message."""
    sides = [
        Trial({TARGET: side}, {}) if isinstance(side, Model) else Trial({}, {TARGET: Failure(TARGET, side)})
        for side in (before, after)
    ]
    return judge(Case(one or finding(), SourceText("net.py", TEXT), [TARGET], *sides, **more))


def test_a_scale_that_comes_nearer_holds() -> None:
    """Both rows are shown."""
    proof = verdict(model(weight(0.1, ratio=0.5), factor=-1.0), model(weight(0.2, ratio=1.0), factor=0.0))

    assert (Verdict.HELD, "Net") == (proof.verdict, proof.model)
    assert proof.before is not None
    assert proof.after is not None
    assert (0.1, 0.2) == (proof.before.std, proof.after.std)
    assert (2**-0.5, 1.0) == (proof.before.forward, proof.after.forward)


def test_without_an_activation_the_growth_counts() -> None:
    """N(0, 1) on a matrix of 8 inputs multiplies the std by sqrt(8), whatever follows."""
    sides = (replace(model(weight(std, effective_fan_in=8)), propagation=None) for std in (1.0, 8**-0.5, 2.0))
    loud, tame, louder = sides

    assert (
        "growth of a sum over the inputs, in powers of two: 1.5 before, 0 after"
        == verdict(loud, tame, finding("INI302")).text.partition("; ")[0]
    )
    assert Verdict.TAKEN_BACK == verdict(loud, louder, finding("INI302")).verdict


def test_a_scale_that_comes_no_nearer_is_taken_back() -> None:
    """However little is lost."""
    proof = verdict(model(weight(0.1, ratio=0.5)), model(weight(0.1001, ratio=0.4999)))

    assert (Verdict.TAKEN_BACK, True) == (proof.verdict, proof.text.startswith("no better"))


def test_a_signal_that_fares_worse_is_taken_back() -> None:
    """Even where the weights come nearer to the formulas."""
    proof = verdict(model(weight(0.1, ratio=0.5), factor=-0.5), model(weight(0.2, ratio=1.0), factor=4.0))

    assert Verdict.TAKEN_BACK == proof.verdict
    assert "the signal keeps 4 of its std in each layer" in proof.text


def test_a_signal_that_stops_is_taken_back() -> None:
    """Nothing arrives any more."""
    proof = verdict(model(weight(0.1, ratio=0.5)), model(weight(0.2, ratio=1.0), factor=None))

    assert (Verdict.TAKEN_BACK, "the signal no longer passes") == (proof.verdict, proof.text)


def test_raw_memory_is_taken_back() -> None:
    """A fix must not leave a weight without a value."""
    proof = verdict(model(weight(0.1, ratio=0.5)), model(weight(None, uninitialized=1.0)))

    assert (Verdict.TAKEN_BACK, "it leaves raw memory in fc.weight") == (proof.verdict, proof.text)


def test_constant_weights_have_to_be_drawn() -> None:
    """INI101 and INI102 complain of a std of zero."""
    zero, drawn = model(weight(0.0)), model(weight(0.3))

    assert Verdict.HELD == verdict(zero, drawn, finding("INI101")).verdict
    assert Verdict.TAKEN_BACK == verdict(zero, zero, finding("INI101")).verdict


def test_a_model_that_breaks_is_told_and_taken_back() -> None:
    """With the first line of its error."""
    proof = verdict(model(weight(0.1)), "net.py:Net raises NameError: no\nmore")

    assert Verdict.TAKEN_BACK == proof.verdict
    assert "the model can no longer be built: net.py:Net raises NameError: no" == proof.text


def test_a_model_that_is_mended_holds() -> None:
    """What raised is told."""
    proof = verdict("net.py:Net raises ValueError: fan", model(weight(0.1)), finding("INI601"))

    assert (Verdict.HELD, "it can be built now; before: net.py:Net raises ValueError: fan") == (
        proof.verdict,
        proof.text,
    )


def test_what_cannot_be_built_is_told() -> None:
    """The fix stays, and nobody is told that it was proved."""
    proof = verdict("Net needs an argument: width; give it with --kwargs", "Net needs an argument: width")

    assert (Verdict.UNBUILT, "Net needs an argument: width; [tool.initlint.runtime] can give it") == (
        proof.verdict,
        proof.text,
    )


def test_value_preserving_means_every_bit() -> None:
    """One tensor that differs, or that is new, is enough."""
    fix = finding("INI604", "Call it (value-preserving)")
    before = model(weight(0.1))

    assert Verdict.HELD == verdict(before, before, fix).verdict
    for bits in ({**BITS, "fc.bias": "3"}, {**BITS, "fc.more": "3"}, {"fc.weight": "1"}):
        assert Verdict.TAKEN_BACK == verdict(before, model(weight(0.1), bits=bits), fix).verdict
    assert Verdict.UNBUILT == verdict(before, model(weight(0.1), bits={}), fix).verdict


def test_a_rule_that_still_speaks_was_not_served() -> None:
    """Whatever the numbers say."""
    before, after = model(weight(0.1, ratio=0.5)), model(weight(0.2, ratio=1.0))

    assert Verdict.TAKEN_BACK == verdict(before, after, silenced=False).verdict


def test_a_comment_needs_no_model() -> None:
    """The code is the same."""
    assert Verdict.HELD == verdict("not built", "not built", comment=True).verdict


def test_what_nothing_measures_is_not_called_proved() -> None:
    """The weights change, and no number says for the better or the worse."""
    proof = verdict(model(weight(0.1)), model(weight(0.2)), finding("INI504"))

    assert Verdict.UNPROVED == proof.verdict


def test_a_guard_that_changes_nothing_holds() -> None:
    """Every tensor starts as before."""
    same = model(weight(0.1))

    assert (Verdict.HELD, "it can be built and starts as before") == (
        (proof := verdict(same, same, finding("INI515"))).verdict,
        proof.text,
    )
