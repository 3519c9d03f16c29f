"""The models of the API as JSON Schema, under the names that `/api/openapi.json` gives them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]
SENT: Final = "validation"
PRINTED: Final = "serialization"
Models = Iterable[tuple[type[BaseModel], Mode]]

_NULL = {"type": "null"}
_GENERIC = re.compile(r"(\w+)\[(\w+)\]")
_LINE_BREAK = re.compile(r"(?<!\n)\n(?!\n)")


class _Generator(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - none is
        return False

    def normalize_name(self, name: str) -> str:
        generic = _GENERIC.fullmatch(name)
        return f"{generic[2]}{generic[1]}" if generic else super().normalize_name(name)

    def ser_schema(self, schema: Any) -> JsonSchemaValue | None:  # pydantic has no name for all that this may be
        """None, that is, as it is read, for a number that its own function prints."""
        is_number = schema["type"] == "function-plain" and schema.get("return_schema", {}).get("type") == "union"
        return None if is_number else super().ser_schema(schema)

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """A number alone. `multipleOf` would be true of its decimals, and is refused for 0.07 by who divides floats."""
        return self.float_schema(
            core_schema.float_schema(
                ge=None if (least := schema.get("ge")) is None else float(least),
                le=None if (most := schema.get("le")) is None else float(most),
            )
        )


class Schemas:
    """`components` are all schemas by name, those of parameters excepted, which stand where they are used."""

    def __init__(self, models: Models, queries: Iterable[type[BaseModel]]) -> None:
        named = list(dict.fromkeys([*models, *((query, SENT) for query in queries)]))
        references, generated = models_json_schema(
            named, ref_template="#/components/schemas/{model}", schema_generator=_Generator
        )
        self._names = {key: reference["$ref"].rpartition("/")[2] for key, reference in references.items()}
        self._all: Schema = {name: _tidy(schema) for name, schema in generated["$defs"].items()}
        hidden = {self._names[query, SENT] for query in queries}
        self.components = {name: self._all[name] for name in sorted(self._all) if name not in hidden}

    def reference(self, model: type[BaseModel], mode: Mode) -> Schema:
        return {"$ref": f"#/components/schemas/{self._names[model, mode]}"}

    def fields(self, model: type[BaseModel]) -> Mapping[str, Schema]:
        """Of what may be sent."""
        properties: Mapping[str, Schema] = self._all[self._names[model, SENT]].get("properties", {})
        return properties

    def required(self, model: type[BaseModel]) -> Sequence[str]:
        names: Sequence[str] = self._all[self._names[model, SENT]].get("required", ())
        return names


def without_null(schema: Schema) -> Schema:
    """For a place where null cannot be written."""
    kept = {key: value for key, value in schema.items() if key != "anyOf" and (key, value) != ("default", None)}
    ways = [way for way in schema.get("anyOf", ()) if way != _NULL]
    return {**ways[0], **kept} if len(ways) == 1 else {**({"anyOf": ways} if ways else {}), **kept}


def _tidy(found: Any) -> Any:
    match found:
        case dict():
            kept = {key: value for key, value in found.items() if not (key == "title" and isinstance(value, str))}
            tidy = {key: _tidy(value) for key, value in kept.items()}
            if isinstance(text := tidy.get("description"), str):
                tidy["description"] = prose(text)
            return tidy
        case list():
            return [_tidy(each) for each in found]
        case _:
            return found


def prose(text: str) -> str:
    """A docstring without the breaks of its lines."""
    return _LINE_BREAK.sub(" ", text.strip())
