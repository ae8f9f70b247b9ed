"""The HTML pages: whole, harmless, and with every drawing that they promise."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from math import inf
from typing import Any

import pytest

from initlint.report import html, html_experiment, svg
from initlint.report.png import Canvas
from initlint.report.png_plot import loss_curves
from initlint.runtime.experiment_report import Curve, Experiment, SchemeRun, effect
from initlint.runtime.propagation_report import Band, LayerSignal, Path, Propagation
from initlint.runtime.protocol import encode

EVIL = "<script>alert('x')</script>\u202e\x1b[31m\""
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Checker(HTMLParser):
    """Refuses unbalanced elements, and notes every element and every attribute that could fetch or run something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.suspicious: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "srcset", "action") or "javascript:" in (value or ""):
                self.suspicious.append(f"{tag} {name}={value}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(page: str) -> Checker:
    """The page, parsed; it is whole and harmless."""
    checker = Checker()
    checker.feed(page)
    checker.close()

    assert checker.open == []
    assert checker.suspicious == []
    assert "script" not in checker.seen
    assert not re.search(r"[\u202e\x1b]", page)
    return checker


def signal(count: int = 6) -> Propagation:
    """A signal that halves from layer to layer."""
    layers = tuple(
        LayerSignal(f"layers.{EVIL if index == 2 else index}", 0, "Linear", (8, 4), 4, 4, 0.1, ("relu",),
                    Band(-2.0 * index, -2.0 * index - 0.1, -2.0 * index + 0.1),
                    Band(-3.0 * index, -3.5 * index, -2.5 * index),
                    Band(-4.0, -4.0, -4.0) if index else None, -2.0 * index, -4.0, 0.1, 4, None)
        for index in range(count)
    )  # fmt: skip
    bands = tuple(Band(-2.0 * index, -2.0 * index, -2.0 * index) for index in range(count))
    path = Path(tuple(range(count)), bands, bands, bands, tuple(-2.0 * index for index in range(count)), (0.0,) * count)
    return Propagation(layers, (path,), None, f"N(0, 1) {EVIL}", "float64", (0, 1, 2), True, 1.0)


def parameter(name: str, **more: Any) -> dict[str, Any]:
    """A weight of the JSON report."""
    edges = [(-4 + index) / 40 for index in range(9)]
    measured = {"std": 0.05, "histogram": [1, 4, 9, 16, 16, 9, 4, 1], "edges": edges}
    form = {"family": "normal", "mean": 0.0, "std": 0.05}
    return {
        "target": f"net.py:{EVIL}",
        "model": "Net", "name": name, "kind": "parameter", "tied": [], "layer": "Linear", "role": "weight",
        "shape": [8, 4], "history": [{"path": f"net{EVIL}.py", "line": 3}], "distribution": form, "std": 0.05,
        "measured": measured, "scheme": "normal", "default": False, "followed_by": ["relu"],
        "suggested": "kaiming_normal", "suggested_std": 0.7, "uninitialized": 0.0, **more,
    }  # fmt: skip


def record(**more: Any) -> dict[str, Any]:
    """A runtime report as JSON has it, with hostile names everywhere."""
    finding = {
        "code": "INI801", "name": "vanishing-activations", "severity": "warning", "path": f"net{EVIL}.py", "line": 3,
        "layer": EVIL, "message": f"falls from `{EVIL}` on", "help": EVIL, "url": "javascript:alert(1)",
    }  # fmt: skip
    model = {
        "target": f"net.py:{EVIL}", "name": "Net", "method": "meta", "parameters": 1_234_567, "tensors": 3, "seed": 0,
        "notes": [EVIL], "propagation": encode(signal()), "seconds": 1.25, "torch": "2.13.0",
    }  # fmt: skip
    rows = [parameter("layers.0.weight"), parameter(f"layers.{EVIL}.weight"), parameter("bias", shape=[8])]
    return {"version": 1, "findings": [finding], "parameters": rows, "models": [model], **more}


def test_page_is_whole_and_harmless() -> None:
    """Names from the user's code are text, never markup; nothing is fetched or run."""
    page = html.render(record())
    checker = checked(page)

    assert "&lt;script&gt;" in page
    assert "\\u202e" in page
    assert "javascript:alert(1)" not in page
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    assert {"svg", "table", "details"} <= set(checker.seen)


def test_page_has_every_part() -> None:
    """Findings, signal both ways with theory and bounds, std beside reference, histograms over their densities."""
    page = html.render(record())

    for heading in ("Findings", "Signal", "Forward", "Backward", "Weights", "Histograms", "beside its reference"):
        assert heading in page
    assert 'class="band measured"' in page
    assert 'class="predicted"' in page
    assert 'class="bar"' in page
    assert "1.23 M" in page


def test_the_verdict_on_the_signal_is_told() -> None:
    """A harmful trend is named with its factor; the page and INI801 agree."""
    layers = 16
    page = html.render(record(models=[{**record()["models"][0], "propagation": encode(signal(layers))}]))

    assert '<b class="error">fades</b> to 3.1×10⁻⁵ at its end' in page


def layer(name: str, gradient: float | None) -> LayerSignal:
    """A layer whose gradient is 2**gradient, or exactly 0."""
    band = None if gradient is None else Band(gradient, gradient, gradient)
    return LayerSignal(name, 0, "Linear", (8, 4), 4, 4, 0.1, (), Band(0.0, 0.0, 0.0), None, band)


def in_series(gradients: list[float | None], *paths: int) -> str:
    """The page of a model whose layers stand in series on paths of these lengths."""
    layers = tuple(layer(f"fc{index}", one) for index, one in enumerate(gradients))
    starts = [sum(paths[:index]) for index in range(len(paths))]
    plain = tuple(
        Path(tuple(range(start, start + length)), *[(None,) * length] * 5)
        for start, length in zip(starts, paths, strict=True)
    )
    return html.render(record(models=[{**record()["models"][0], "propagation": encode(Propagation(layers, plain))}]))


@pytest.mark.parametrize(
    ("gradients", "paths", "said"),
    [
        ([1.0, 1.0, 1.0], (2,), "Too few layers for a trend."),
        ([1.0] * 9, (3, 2), "Nowhere do more than 3 layers stand in series with no normalisation or residual path"),
        ([1.0] * 9, (), "Nowhere do two layers stand in series"),
        ([None, 1.0, None, 1.0, 1.0], (5,), "the gradient is 0 or not finite at <code>fc0</code> and 1 more."),
        ([1.0] * 5, (5,), "Too few layers could be compared for a trend."),
    ],
)
def test_why_there_is_no_trend(gradients: list[float | None], paths: tuple[int, ...], said: str) -> None:
    """Norms and residual paths, a small model and a signal that is 0 are told apart."""
    page = in_series(gradients, *paths)
    checked(page)

    assert said in page
    assert gradients.count(None) == page.count("0 or not finite</title>")


def test_two_models_of_one_name() -> None:
    """Each has its own weights: a class name is no identity."""
    models = [{**record()["models"][0], "target": f"{file}.py:Net"} for file in "ab"]
    rows = [{**parameter(f"{file}_only.weight"), "target": f"{file}.py:Net"} for file in "ab"]
    first, second = html.render(record(models=models, parameters=rows)).split('id="model-1"')

    assert ("a_only" in first, "b_only" in first) == (True, False)
    assert ("a_only" in second, "b_only" in second) == (False, True)


def test_a_zero_weight_is_drawn() -> None:
    """It has no place on a logarithmic axis: a cross stands below."""
    rows = [parameter("fc1.weight"), parameter("fc2.weight", std=0.0, measured={"std": 0.0})]
    page = html.render(record(parameters=rows))
    checked(page)

    assert "fc2.weight: std 0, kaiming_normal asks for 0.7</title>" in page


def test_several_models() -> None:
    """The findings come first, and each model is linked."""
    models = [{**record()["models"][0], "target": f"{file}.py:Net"} for file in "ab"]
    page = html.render(record(models=models))

    assert page.index("INI801") < page.index('id="model-0"') < page.index('id="model-1"')
    assert '<a href="#model-1">b.py:Net</a>' in page


def test_light_and_dark() -> None:
    """Both schemes are in the style sheet."""
    assert "prefers-color-scheme: dark" in html.render(record())


def test_a_signal_that_was_not_measured_is_told() -> None:
    """The reason stands where the plots would."""
    model = {**record()["models"][0], "propagation": encode(Propagation(problem=f"forward fails: {EVIL}"))}
    page = html.render(record(models=[model]))
    checked(page)

    assert "Not measured: forward fails" in page


@pytest.mark.parametrize("models", [0, 1, 2])
def test_any_number_of_models(models: int) -> None:
    """No model, one, several: a whole page each time."""
    found = record()
    checked(html.render({**found, "models": found["models"] * models}))


def test_odd_rows_do_not_break_it() -> None:
    """Never written, without a histogram, without a reference, infinite: a row each."""
    rows = [
        parameter("a", uninitialized=1.0, measured=None, std=None, distribution=None),
        parameter("b", suggested=None, suggested_std=None),
        parameter("c", std="inf", measured={"std": "nan", "histogram": [3], "edges": [0.0, 0.0]}),
        parameter("d", history=[], shape=[]),
    ]
    page = html.render(record(parameters=rows))
    checked(page)

    assert "never written" in page


def experiment() -> Experiment:
    """Two schemes, one of which diverged once."""
    good = tuple(Curve(seed, tuple(1 / (step + 1) for step in range(30)), (0.5,) * 30) for seed in range(2))
    lost = (good[0], Curve(1, (1.0, 1e9), (1.0, inf), diverged=True))
    runs = (SchemeRun("as it is", lost), SchemeRun(f"zeros{EVIL}", good, 2, effect(good, lost)))
    return Experiment(f"net.py:{EVIL}", runs, f"task {EVIL}", "sgd", 0.02, 30, 8, (0, 1), (EVIL,), 3.0)


def test_experiment_page_is_whole_and_harmless() -> None:
    """Two plots, a table, and no markup from names."""
    page = html_experiment.render(experiment())
    checker = checked(page)

    assert checker.seen.count("svg") == 2
    assert "1 of 2 diverged" in page


def test_experiment_image() -> None:
    """A PNG with something drawn on it."""
    image = loss_curves(experiment())

    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(image) > 5000


def test_canvas_draws_a_line() -> None:
    """The pixels on the line have its colour, those far from it are white."""
    canvas = Canvas(20, 10)
    canvas.line([(2, 5), (17, 5)], (10, 20, 30), 3)

    assert bytes(canvas._pixels[5][30:33]) == bytes((10, 20, 30))
    assert bytes(canvas._pixels[1][30:33]) == b"\xff\xff\xff"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (0.0625, "0.0625"),
        (1234.5, "1234"),
        (1e-9, "10⁻⁹"),
        (1.7e-9, "1.7×10⁻⁹"),
        (6.4e9, "6.4×10⁹"),
        (inf, "inf"),
    ],
)
def test_numbers(value: float, expected: str) -> None:
    """Three figures, and real powers of ten."""
    assert svg.number(value) == expected


def test_scales_have_few_round_ticks() -> None:
    """Whole decades, or 1, 2 and 5 of them."""
    assert svg.log_scale([1e-9, 0.3], 100, 0).ticks() == [10.0**exponent for exponent in range(-9, 1, 2)]
    assert svg.fine_log_scale([0.36, 1.4], 100, 0).ticks() == [0.2, 0.5, 1.0, 2.0]
    assert svg.Scale(0, 119, 0, 100).ticks() == [0, 20, 40, 60, 80, 100]
