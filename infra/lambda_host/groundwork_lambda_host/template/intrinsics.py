"""CloudFormation's intrinsic functions, as far as the host needs them."""

import json
import re
from collections.abc import Callable, Mapping

from groundwork_lambda_host.template.addresses import Addresses
from groundwork_lambda_host.template.document import Value, is_intrinsic
from groundwork_lambda_host.template.errors import TemplateError

_SUBSTITUTION = re.compile(r"\$\{(!?)([^}]*)\}")
_SECRET = re.compile(r"\{\{resolve:secretsmanager:([^}]*)\}\}")
_NO_VALUE = "AWS::NoValue"
_NO_NAMES: Value = {}


class _Absent:
    """The value of `!Ref AWS::NoValue`; the property then counts as missing."""


_ABSENT = _Absent()


class Intrinsics:
    """Resolves values of one template.

    Args:
        parameters: Value by parameter name.
        conditions: The template's Conditions, unresolved.
        reference: Returns the value of `!Ref name`, or None if the resource is unknown.
        attribute: Returns the value of `!GetAtt name.attribute`, or None if it is unknown.
        addresses: Addresses of the resources.
        public: Public addresses on AWS, and their replacements.
    """

    def __init__(
        self,
        parameters: Mapping[str, str],
        conditions: Mapping[str, Value],
        reference: Callable[[str], str | None],
        attribute: Callable[[str, str], str | None],
        addresses: Addresses,
        public: Mapping[str, str],
    ) -> None:
        self._conditions = conditions
        self._reference = reference
        self._attribute = attribute
        self._addresses = addresses
        self._public = public
        self._names = {
            "AWS::Region": addresses.region,
            "AWS::AccountId": addresses.account,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": addresses.stack_name,
            "AWS::StackId": addresses.arn("cloudformation", f"stack/{addresses.stack_name}"),
            **parameters,
        }
        self._functions: dict[str, Callable[[Value, str], Value | _Absent]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Equals": self._equals,
            "Fn::Not": lambda value, path: not self._truths(value, path, (1, 1))[0],
            "Fn::And": lambda value, path: all(self._truths(value, path, (2, 10))),
            "Fn::Or": lambda value, path: any(self._truths(value, path, (2, 10))),
            "Condition": lambda value, path: self.holds(self._word(value, path), path),
        }

    def resolve(self, value: Value, path: str) -> Value:
        """Return the value with all intrinsics resolved; absent values become None.

        Raises:
            TemplateError: An intrinsic is not supported, or refers to an unknown name.
        """
        result = self._resolve(value, path)
        return None if isinstance(result, _Absent) else result

    def holds(self, condition: str, path: str) -> bool:
        """Return whether a condition of the template is true."""
        if condition not in self._conditions:
            raise TemplateError(path, f"the condition {condition!r} does not exist")
        where = f"Conditions.{condition}"
        return self._truth(self._conditions[condition], where)

    def _resolve(self, value: Value, path: str) -> "Value | _Absent":
        if isinstance(value, str):
            return self._dynamic(value, path)
        if isinstance(value, list):
            items = [self._resolve(item, f"{path}[{index}]") for index, item in enumerate(value)]
            return [item for item in items if not isinstance(item, _Absent)]
        if not isinstance(value, dict):
            return value
        if is_intrinsic(value):
            ((name, argument),) = value.items()
            function = self._functions.get(name)
            if function is None:
                raise TemplateError(path, f"the host does not support the intrinsic {name}")
            return function(argument, path)
        entries = {key: self._resolve(item, f"{path}.{key}") for key, item in value.items()}
        return {key: item for key, item in entries.items() if not isinstance(item, _Absent)}

    def _ref(self, value: Value, path: str) -> str | _Absent:
        name = self._word(value, path)
        if name == _NO_VALUE:
            return _ABSENT
        found = self._names.get(name)
        if found is None:
            found = self._reference(name)
        if found is None:
            raise TemplateError(
                path, f"!Ref {name}: a parameter or resource of that name does not exist"
            )
        return found

    def _get_att(self, value: Value, path: str) -> str:
        match self.resolve(value, path):
            case [str(name), str(attribute)]:
                found = self._attribute(name, attribute)
            case str(dotted):
                name, _, attribute = dotted.partition(".")
                found = self._attribute(name, attribute)
            case other:
                raise TemplateError(path, f"!GetAtt takes resource.attribute, not {other!r}")
        if found is None:
            raise TemplateError(path, f"!GetAtt {name}.{attribute}: the attribute is not supported")
        return found

    def _sub(self, value: Value, path: str) -> str:
        text, own = value, _NO_NAMES
        if isinstance(value, list):
            text, own = value if len(value) == 2 else (None, None)  # noqa: PLR2004 - a pair
        names = self.resolve(own, path)
        if not isinstance(text, str) or not isinstance(names, dict):
            raise TemplateError(path, "!Sub takes a text, or a text and a mapping")

        def put(found: re.Match[str]) -> str:
            literal, name = found[1], found[2].strip()
            if literal:
                return f"${{{name}}}"
            if name in names:
                return text_of(names[name], path)
            if "." in name:
                return self._get_att(name, path)
            result = self._ref(name, path)
            return "" if isinstance(result, _Absent) else result

        done = _SUBSTITUTION.sub(put, text)
        for address, stand_in in self._public.items():
            if done == address or done.startswith(f"{address}/"):
                done = stand_in + done.removeprefix(address)
        return self._dynamic(done, path)

    def _if(self, value: Value, path: str) -> "Value | _Absent":
        if not isinstance(value, list) or len(value) != 3:  # noqa: PLR2004 - !If [name, yes, no]
            raise TemplateError(path, "!If takes a condition and two values")
        condition, yes, no = value
        return self._resolve(yes if self.holds(self._word(condition, path), path) else no, path)

    def _join(self, value: Value, path: str) -> str:
        match self.resolve(value, path):
            case [str(separator), list(items)]:
                return separator.join(text_of(item, path) for item in items)
            case _:
                raise TemplateError(path, "!Join takes a separator and a list")

    def _select(self, value: Value, path: str) -> Value:
        match self.resolve(value, path):
            case [int() | str() as index, list(items)] if str(index).isdigit() and int(index) < len(
                items
            ):
                return items[int(index)]
            case _:
                raise TemplateError(path, "!Select takes an index and a list that is long enough")

    def _split(self, value: Value, path: str) -> Value:
        match self.resolve(value, path):
            case [str(separator), str(text)]:
                return list(text.split(separator))
            case _:
                raise TemplateError(path, "!Split takes a separator and a text")

    def _equals(self, value: Value, path: str) -> bool:
        match self.resolve(value, path):
            case [left, right]:
                return text_of(left, path) == text_of(right, path)
            case _:
                raise TemplateError(path, "!Equals takes two values")

    def _truths(self, value: Value, path: str, count: tuple[int, int]) -> list[bool]:
        if not isinstance(value, list) or not count[0] <= len(value) <= count[1]:
            raise TemplateError(path, f"takes {count[0]} to {count[1]} conditions")
        return [self._truth(item, path) for item in value]

    def _truth(self, value: Value, path: str) -> bool:
        result = self.resolve(value, path)
        if not isinstance(result, bool):
            raise TemplateError(path, f"must be a condition, not {result!r}")
        return result

    def _dynamic(self, text: str, path: str) -> str:
        def put(found: re.Match[str]) -> str:
            # An id may contain colons (an ARN), so the fields are split from the right.
            name, marker, rest = found[1].partition(":SecretString")
            secret = self._addresses.secrets.get(name)
            if secret is None:
                raise TemplateError(path, f"the secret {name!r} does not exist")
            key = rest.strip(":").split(":", 1)[0] if marker else ""
            return _secret_key(secret, key, f"{path}: secret {name!r}") if key else secret

        return _SECRET.sub(put, text)

    @staticmethod
    def _word(value: Value, path: str) -> str:
        if not isinstance(value, str):
            raise TemplateError(path, f"must be a name, not {value!r}")
        return value


def _secret_key(secret: str, key: str, path: str) -> str:
    try:
        found = json.loads(secret)[key]
    except (ValueError, KeyError, TypeError):
        # The message must not contain the secret's text.
        raise TemplateError(path, f"is not JSON with the key {key!r}") from None
    return text_of(found, path)


def text_of(value: Value, path: str) -> str:
    """Return a scalar as CloudFormation converts it to text: true and false in lower case.

    Raises:
        TemplateError: The value is a list, a mapping or missing.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TemplateError(path, f"must be a text or a number, not {value!r}")
