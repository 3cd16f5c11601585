"""Parse the template's YAML; short intrinsic tags become their long form."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import yaml

from groundwork_lambda_host.template.errors import TemplateError

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"


class _Loader(yaml.SafeLoader):
    """YAML loader as in CloudFormation: dates are text, tags intrinsics, keys unique."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[object, object]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise TemplateError(f"line {node.start_mark.line + 1}", f"the key {twice!r} occurs twice")
    return loader.construct_mapping(node, deep=True)


def _intrinsic(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, object]:
    argument: object
    if isinstance(node, yaml.ScalarNode):
        argument = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        argument = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        argument = loader.construct_mapping(node, deep=True)
    else:
        argument = None
    if tag == "GetAtt" and isinstance(argument, str):
        argument = argument.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": argument}


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_multi_constructor("!", _intrinsic)


def read(path: Path) -> dict[str, Value]:
    """Return the parsed template.

    Raises:
        TemplateError: The file is missing, is not YAML, or is not a mapping.
    """
    try:
        tree = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise TemplateError(str(path), error.strerror or "cannot be read") from error
    except yaml.YAMLError as error:
        raise TemplateError(str(path), " ".join(str(error).split())) from error
    return mapping(tree, str(path))


def mapping(value: Value, path: str) -> dict[str, Value]:
    """Return the value as a mapping (None: empty). Raises TemplateError."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TemplateError(path, f"must be a mapping, not {value!r}")
    return value


def merged(globals_: Mapping[str, Value], own: Mapping[str, Value]) -> dict[str, Value]:
    """Merge Globals into a resource like SAM: merge mappings, append lists, replace the rest.

    An intrinsic function is a value and is not merged.
    """
    result = dict(globals_)
    for key, value in own.items():
        before = result.get(key)
        if isinstance(before, dict) and isinstance(value, dict) and not is_intrinsic(value):
            result[key] = merged(before, value)
        elif isinstance(before, list) and isinstance(value, list):
            result[key] = [*before, *value]
        else:
            result[key] = value
    return result


def is_intrinsic(value: Mapping[str, Value]) -> bool:
    """Return whether a mapping is a call of an intrinsic function, such as `{"Ref": "Stage"}`."""
    if len(value) != 1:
        return False
    (name,) = value
    return name in {"Ref", "Condition"} or name.startswith("Fn::")
