"""Checks manifests against Kubernetes' own types, as the official client has them: no unknown field, none missing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kubernetes.client import models


def faults(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with an object of Kubernetes, with the path to it."""
    _group, _, version = manifest["apiVersion"].rpartition("/")
    name = f"{version.capitalize()}{manifest['kind']}"
    if not hasattr(models, name):
        yield f"there is no kind {manifest['kind']} in {manifest['apiVersion']}"
        return
    yield from _faults(name, manifest, manifest["kind"])


def _faults(name: str, value: Any, path: str) -> Iterator[str]:
    if inner := re.fullmatch(r"list\[(.*)\]", name):
        if not isinstance(value, list):
            yield f"{path} must be a list"
            return
        for number, each in enumerate(value):
            yield from _faults(inner[1], each, f"{path}[{number}]")
    elif inner := re.fullmatch(r"dict\(str, (.*)\)", name):
        for key, each in value.items():
            yield from _faults(inner[1], each, f"{path}.{key}")
    elif (model := getattr(models, name, None)) is not None:
        yield from _object(model, value, path)
    elif name in _PLAIN and not isinstance(value, _PLAIN[name]):
        yield f"{path} must be {name}, not {value!r}"


_PLAIN: Mapping[str, Any] = {"str": str, "int": int, "bool": bool, "float": (int, float)}


def _object(model: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path} must be an object"
        return
    attributes = {json: name for name, json in model.attribute_map.items()}
    for key, each in value.items():
        if key not in attributes:
            yield f"{path} has no field {key}"
        else:
            yield from _faults(model.openapi_types[attributes[key]], each, f"{path}.{key}")
    try:
        model(**{attributes[key]: each for key, each in value.items() if key in attributes})
    except ValueError as error:
        yield f"{path}: {error}"
