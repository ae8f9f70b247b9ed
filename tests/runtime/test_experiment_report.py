"""Effects and verdicts of an experiment, by arithmetic alone."""

from __future__ import annotations

from math import inf

import pytest

from initlint.runtime.experiment_command import cells, verdict
from initlint.runtime.experiment_report import Curve, Experiment, SchemeRun, effect
from initlint.runtime.protocol import decode, encode


def curves(*ends: float) -> tuple[Curve, ...]:
    """Runs that stay at one loss; infinity stands for a run that diverged."""
    return tuple(
        Curve(seed, (1.0,), (1.0,), diverged=True) if end == inf else Curve(seed, (end,) * 20, (1.0,) * 20)
        for seed, end in enumerate(ends)
    )


def experiment(baseline: tuple[Curve, ...], recommended: tuple[Curve, ...]) -> Experiment:
    """An experiment of two schemes."""
    found = SchemeRun("recommended", recommended, 3, effect(recommended, baseline))
    runs = (SchemeRun("as it is", baseline), found)
    return Experiment("net.py:Net", runs, "a task", "sgd", 0.02, 20, 64, (0, 1, 2), ("fc: kaiming_normal for relu",))


def test_end_is_the_mean_of_the_last_tenth() -> None:
    """Two steps of twenty."""
    assert Curve(0, (9.0,) * 18 + (2.0, 4.0), ()).end == 3.0


def test_effect_is_paired() -> None:
    """Half the loss in each pair, however far the pairs lie apart."""
    found = effect(curves(1.0, 10.0, 100.0), curves(2.0, 20.0, 200.0))
    assert found is not None

    assert (found.ratio, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))
    assert found.better


def test_effect_within_chance() -> None:
    """What the seeds do not agree on is neither better nor worse."""
    found = effect(curves(1.0, 3.0, 1.0), curves(2.0, 2.0, 2.0))
    assert found is not None

    assert not found.better
    assert not found.worse


def test_one_seed_proves_nothing() -> None:
    """The interval of one pair is everything."""
    found = effect(curves(1.0), curves(2.0))
    assert found is not None

    assert (found.low, found.high, found.better) == (0.0, inf, False)


def test_slow_start_is_told_with_its_margin() -> None:
    """INI810 says the ratio, the interval and what was drawn."""
    found = experiment(curves(1.0, 1.1, 0.9), curves(0.5, 0.54, 0.46))

    assert found.slow_start is not None
    assert "INI810 slow-start: with the recommended schemes the loss at step 20 is 0.50×" in verdict(found)
    assert verdict(found).endswith("3 seeds); fc: kaiming_normal for relu")


def test_a_small_advantage_is_no_slow_start() -> None:
    """Five per cent is below the margin, however certain."""
    found = experiment(curves(1.0, 1.0, 1.0), curves(0.95, 0.951, 0.949))

    assert found.slow_start is None
    assert verdict(found).startswith("recommended is ahead: 0.95×")


def test_divergence_is_told() -> None:
    """Where the model as it is diverges there is no ratio to tell."""
    found = experiment(curves(inf, inf, inf), curves(0.5, 0.5, 0.5))

    assert "the model as it is diverges in each of 3 runs" in verdict(found)
    assert cells(found.runs[0])[1] == "3 of 3 diverged"
    assert cells(found.runs[1])[3] == "as it is diverges"


def test_survives_the_pipe() -> None:
    """What the child says is what the parent hears, infinities included."""
    found = experiment(curves(1.0, inf, 1.0), curves(0.5, 0.5, inf))

    assert decode(Experiment, encode(found)) == found


def test_one_seed_tells_nothing_beyond_chance() -> None:
    """Neither a verdict nor a spread."""
    one = SchemeRun("as it is", curves(1.0))
    other = SchemeRun("recommended", curves(0.5), 1, effect(curves(0.5), curves(1.0)))
    found = Experiment("net.py:Net", (one, other), "a task", "sgd", 0.02, 20, 64, (0,))

    assert "One seed has no spread: nothing can be said beyond chance." == verdict(found)
    assert ("as it is", "1", "") == cells(one)[:3]


def test_a_model_alone_is_compared_with_nothing() -> None:
    """Where the time was up before any scheme."""
    found = Experiment("net.py:Net", (SchemeRun("as it is", curves(1.0)),), "a task", "sgd", 0.02, 20, 64, (0,))

    assert "Nothing to compare: only the model as it is was trained." == verdict(found)
