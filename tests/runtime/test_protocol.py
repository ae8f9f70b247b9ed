"""What one side says, the other hears."""

from __future__ import annotations

import json

from initlint.runtime import protocol
from initlint.runtime.protocol import (
    Event,
    Form,
    Measured,
    Model,
    Parameter,
    Place,
    Request,
    Sensitivity,
    Target,
    Verdict,
    decode,
    encode,
)


def test_round_trip() -> None:
    """A full report survives JSON, nested data, numbers that JSON lacks and all."""
    place = Place("net.py", 3, 5, 3, 20, "Net.__init__")
    row = Parameter(
        name="fc.weight",
        shape=(4, 8),
        numel=32,
        history=(Event("set", "normal", "normal_", {"std": 0.02}, place=place, std=0.02),),
        form=Form("normal", 0.0, 0.02),
        overlays=(Form("constant", 0.0, 0.0, region="[0]", fraction=0.25),),
        measured=Measured(32, 0.1, float("inf"), tests=(protocol.Test("mean", 0.5),), histogram=(1, 2)),
        sensitivity=Sensitivity("zero", partner="x"),
        facts={"groups": 2, "kernel_size": [3, 3]},
        draw=-5,
    )
    model = Model("t", "Net", place, parameters=(row,), verdicts=(Verdict("INI801", "fc", "m"),), builds={"fc": place})

    assert model == decode(Model, json.loads(json.dumps(encode(model))))


def test_request_round_trip() -> None:
    """An order with targets survives JSON."""
    target = Target("a:b", "module", "a", "b", (1, "x"), {"k": [1]}, input_shape=(2, 3))
    request = Request((target,), seed=7, memory_limit=5)

    again = decode(Request, json.loads(json.dumps(encode(request))))
    assert (7, 5, "b", {"k": [1]}, (2, 3)) == (
        again.seed, again.memory_limit, again.targets[0].name, again.targets[0].keywords, again.targets[0].input_shape
    )  # fmt: skip
