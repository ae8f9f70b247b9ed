"""The runtime report as the documented JSON. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from initlint.report.json import finding_object
from initlint.report.model import Report
from initlint.runtime.checks import shown_path
from initlint.runtime.protocol import Event, Model, Parameter, Place, Request, encode


def record(models: Iterable[Model], report: Report, request: Request) -> dict[str, Any]:
    """One object: `version`, `findings`, `parameters`, `models`, `summary`."""
    listed = list(models)
    return {
        "version": 1,
        "findings": [finding_object(finding) for finding in report.findings],
        "parameters": [parameter_object(row, model) for model in listed for row in model.parameters],
        "models": [model_object(model) for model in listed],
        "summary": {
            "models": len(listed),
            "parameters": sum(model.total for model in listed),
            "findings": len(report.findings),
            "seed": request.seed,
            "alpha": request.alpha,
            "seconds": round(report.seconds, 3),
        },
    }


def model_object(model: Model) -> dict[str, Any]:
    """One model without its parameters."""
    return {
        "target": model.target,
        "name": model.name,
        "method": model.method,
        "parameters": model.total,
        "tensors": len(model.parameters),
        "notes": list(model.notes),
        "propagation": encode(model.propagation),
        "seed": model.seed,
        "seconds": round(model.seconds, 3),
        "peak_memory": model.memory,
        "torch": model.torch,
    }


def parameter_object(row: Parameter, model: Model) -> dict[str, Any]:
    """One parameter: what was written, what that gives, what was measured, what the formulas ask for."""
    return {
        "target": model.target,
        "model": model.name,
        "name": row.name,
        "kind": row.kind,
        "tied": list(row.aliases),
        "layer": row.module,
        "role": row.role,
        "shape": list(row.shape),
        "elements": row.numel,
        "dtype": row.dtype,
        "trainable": row.trainable,
        "method": row.method,
        "history": [_event(event) for event in row.history],
        "distribution": encode(row.form),
        "regions": [encode(part) for part in row.overlays],
        "uninitialized": row.uninitialized,
        "mean": encode(row.mean),
        "std": encode(row.std),
        "measured": encode(row.measured),
        "scheme": row.scheme,
        "default": row.default,
        "fan_in": row.fan_in,
        "fan_out": row.fan_out,
        "effective_fan_in": row.effective_fan_in,
        "effective_fan_out": row.effective_fan_out,
        "followed_by": list(row.followed_by),
        "normalised": row.normalised,
        "residual": row.residual,
        "suggested": row.suggested,
        "suggested_std": row.suggested_std,
        "ratio": encode(row.ratio),
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "scheme": event.scheme,
        "function": event.function,
        "arguments": encode(event.arguments),
        "region": event.region or None,
        "distribution": event.family,
        "mean": encode(event.mean),
        "std": encode(event.std),
        **_place(event.place, ""),
        **_place(event.near, "library_"),
    }


def _place(place: Place | None, prefix: str) -> dict[str, Any]:
    if place is None:
        return {} if prefix else {"path": None, "line": None, "function": None}
    return {
        f"{prefix}path": shown_path(place.path),
        f"{prefix}line": place.line,
        f"{prefix}function": place.function,
    }
