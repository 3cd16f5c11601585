"""The resources of a template, with intrinsic functions resolved when read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from groundwork_lambda_host.template.addresses import Addresses
from groundwork_lambda_host.template.document import Value, mapping, merged
from groundwork_lambda_host.template.errors import TemplateError
from groundwork_lambda_host.template.intrinsics import Intrinsics, text_of

_REST, _SOCKET = "AWS::Serverless::Api", "AWS::ApiGatewayV2::Api"


@dataclass(frozen=True, slots=True)
class Properties:
    """Resolved properties of a resource or event, with typed access."""

    values: Mapping[str, Value]
    path: str

    def text(self, key: str, default: str | None = None) -> str:
        """Return a text; raise TemplateError if it is missing and has no default."""
        found = self.values.get(key, default)
        if found is None:
            raise TemplateError(self.path, f"needs {key}")
        return text_of(found, f"{self.path}.{key}")

    def optional(self, key: str) -> str | None:
        """Return a text, or None if the property is missing."""
        return None if self.values.get(key) is None else self.text(key)

    def number(self, key: str, default: int) -> int:
        """Return a whole number."""
        found = self.text(key, str(default))
        try:
            return int(found)
        except ValueError:
            raise TemplateError(f"{self.path}.{key}", f"{found!r} is not a whole number") from None

    def number_in(self, key: str, default: int, allowed: range) -> int:
        """Return a whole number in the allowed range."""
        found = self.number(key, default)
        if found not in allowed:
            raise TemplateError(f"{self.path}.{key}", f"must be {allowed[0]} to {allowed[-1]}")
        return found

    def inner(self, key: str) -> "Properties":
        """Return a nested mapping; empty if the property is missing."""
        path = f"{self.path}.{key}"
        return Properties(mapping(self.values.get(key), path), path)

    def items(self, key: str) -> list[Value]:
        """Return a list; empty if the property is missing."""
        found = self.values.get(key)
        if found is None:
            return []
        if not isinstance(found, list):
            raise TemplateError(f"{self.path}.{key}", f"must be a list, not {found!r}")
        return found


class Resources:
    """Finds resources by id, type and ARN, and resolves references to them.

    Args:
        tree: The parsed template.
        parameters: Given values of the template's parameters.
        addresses: Addresses of the resources.
    """

    def __init__(
        self, tree: Mapping[str, Value], parameters: Mapping[str, str], addresses: Addresses
    ) -> None:
        self.addresses = addresses
        self.parameters = _parameters(mapping(tree.get("Parameters"), "Parameters"), parameters)
        self._all = {
            name: mapping(resource, f"Resources.{name}")
            for name, resource in mapping(tree.get("Resources"), "Resources").items()
        }
        self._globals = mapping(tree.get("Globals"), "Globals")
        public: dict[str, str] = {}
        self._intrinsics = Intrinsics(
            self.parameters,
            mapping(tree.get("Conditions"), "Conditions"),
            self._reference,
            self._attribute,
            addresses,
            public,
        )
        for name in self.of_type(_SOCKET):
            stage = self.stage_of(name)
            for scheme in ("https", "wss"):
                public[f"{self._public(name, scheme)}/{stage}"] = addresses.websocket_endpoint
        for name in self.of_type(_REST):
            stage = self.properties(name).text("StageName")
            public[f"{self._public(name, 'https')}/{stage}"] = addresses.http_endpoint

    def of_type(self, kind: str) -> Iterator[str]:
        """Yield the logical ids of the resources of a type whose condition is true."""
        for name, resource in self._all.items():
            condition = resource.get("Condition")
            path = f"Resources.{name}"
            if resource.get("Type") == kind and (
                condition is None or self._intrinsics.holds(text_of(condition, path), path)
            ):
                yield name

    def refuse(self, kinds: frozenset[str], reason: str) -> None:
        """Raise TemplateError for the first resource of one of these types."""
        for name, resource in self._all.items():
            if resource.get("Type") in kinds:
                raise TemplateError(f"Resources.{name}", f"{resource.get('Type')}: {reason}")

    def properties(self, name: str, *keys: str, globals_of: str = "") -> Properties:
        """Return the properties of a resource, merged with a section of Globals and resolved.

        Args:
            name: Logical id.
            keys: The properties to resolve; none: all.
            globals_of: Section of Globals, such as `Function`.
        """
        path = f"Resources.{name}.Properties"
        own = mapping(self._all[name].get("Properties"), path)
        section = mapping(self._globals.get(globals_of), f"Globals.{globals_of}")
        whole = merged(section, own)
        asked = {key: whole[key] for key in keys if key in whole} if keys else whole
        return Properties(mapping(self._intrinsics.resolve(asked, path), path), path)

    def metadata(self, name: str) -> Properties:
        """Return the Metadata of a resource, unresolved."""
        path = f"Resources.{name}.Metadata"
        return Properties(mapping(self._all[name].get("Metadata"), path), path)

    def stage_of(self, api: str) -> str:
        """Return the stage name of a WebSocket API, which is the last part of its address."""
        for name in self.of_type("AWS::ApiGatewayV2::Stage"):
            stage = self.properties(name, "ApiId", "StageName")
            if stage.text("ApiId") == api_id(api):
                return stage.text("StageName")
        return "$default"

    def by_arn(self, arn: str, kind: str, path: str) -> str:
        """Return the logical id of the resource of a type with this ARN."""
        for name in self.of_type(kind):
            if self._attribute(name, "Arn") == arn:
                return name
        raise TemplateError(path, f"{arn!r} is not a {kind} of this template")

    def queue_name(self, name: str) -> str:
        """Return the name of a queue: the template's, or one made from its logical id."""
        given = self.properties(name, "QueueName").optional("QueueName")
        return self.addresses.queue_name(name, given)

    def _public(self, api: str, scheme: str) -> str:
        return f"{scheme}://{api_id(api)}.execute-api.{self.addresses.region}.amazonaws.com"

    def _reference(self, name: str) -> str | None:
        if name not in self._all:
            return None
        match self._all[name].get("Type"):
            case "AWS::SQS::Queue":
                return self.addresses.queue_url(name, self.queue_name(name))
            case "AWS::SecretsManager::Secret":
                return self.addresses.secret_id(self.properties(name, "Name").text("Name", name))
            case "AWS::S3::Bucket":
                return self.addresses.bucket(name)
            case "AWS::Serverless::Api" | "AWS::ApiGatewayV2::Api":
                return api_id(name)
            case _:
                return name

    def _attribute(self, name: str, attribute: str) -> str | None:
        kind = self._all.get(name, {}).get("Type")
        match kind, attribute:
            case "AWS::SQS::Queue", "Arn":
                return self.addresses.arn("sqs", self.queue_name(name))
            case "AWS::SQS::Queue", "QueueName":
                return self.queue_name(name)
            case "AWS::SQS::Queue", "QueueUrl":
                return self._reference(name)
            case "AWS::Serverless::Function", "Arn":
                return self.addresses.arn("lambda", f"function:{name}")
            case "AWS::SecretsManager::Secret", "Id":
                return self._reference(name)
            case _:
                return None


def api_id(logical_id: str) -> str:
    """Return the id of an API in URLs; AWS generates one, here it is readable."""
    return logical_id.lower()


def _parameters(declared: Mapping[str, Value], given: Mapping[str, str]) -> dict[str, str]:
    for name in given:
        if name not in declared:
            raise TemplateError(
                f"Parameters.{name}", "is given, but is not a parameter of the template"
            )
    values: dict[str, str] = {}
    for name, declaration in declared.items():
        path = f"Parameters.{name}"
        stated = mapping(declaration, path)
        value = given.get(name)
        if value is None:
            if stated.get("Default") is None:
                raise TemplateError(path, "has no default and was not given")
            value = text_of(stated["Default"], path)
        allowed = stated.get("AllowedValues")
        if isinstance(allowed, list) and value not in {text_of(each, path) for each in allowed}:
            raise TemplateError(path, f"{value!r} is not one of {allowed}")
        values[name] = value
    return values
