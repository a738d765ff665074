"""Command lines of the AWS CLI as calls of botocore, which the AWS CLI is made of.

There is no AWS CLI where the tests run. What is read here is what the pages use: the operation, its
options, ``file://``, and the shorthand ``Key=value,Key=value``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.session import Session


def as_call(words: Sequence[str]) -> tuple[str, str, dict[str, Any]]:
    """The service, the client's method, and its parameters, by AWS's own model of the service.

    Raises KeyError for an operation or an option that the model does not have.
    """
    program, service, operation, *rest = words
    if program != "aws":
        raise KeyError(program)
    model = Session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    members = {f"--{xform_name(name, '-')}": name for name in shape.members} if shape else {}
    parameters = {
        members[option]: _value(values, shape.members[members[option]])
        for option, values in _options(rest)
    }
    return service, operation.replace("-", "_"), parameters


def _options(words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each option with its values."""
    starts = [number for number, word in enumerate(words) if word.startswith("--")]
    for start, end in zip(starts, [*starts, len(words)][1:], strict=True):
        yield words[start], list(words[start + 1 : end])


def _value(values: list[str], shape: Any) -> Any:
    """The values of an option, or of a key in the shorthand, as the model wants them."""
    if shape.type_name == "list":
        return [_value([value], shape.member) for value in values]
    (value,) = values
    if shape.type_name == "structure":
        pairs = (pair.split("=", 1) for pair in value.split(","))
        return {name: _value([text], shape.members[name]) for name, text in pairs}
    if shape.type_name == "boolean":
        return {"true": True, "false": False}[value]
    if value.startswith("file://"):
        return Path(value.removeprefix("file://")).read_text("utf-8")
    return value
