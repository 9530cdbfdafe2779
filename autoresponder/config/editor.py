"""rules.schema.json: the grammar as editors read it (yaml-language-server), made from the models and their docstrings.

The docstring under a key becomes its description. They are read from the source here, and not by pydantic when the
models are made, since the daemon would pay for that at every start. `python -m autoresponder.config.editor` writes the
file; a test says when that was forgotten.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from autoresponder.config import schema
from autoresponder.config.schema import Config, Table


class _ForEditors(GenerateJsonSchema):
    """Without defaults, and without the null that means "left out": a key without a value is an error."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: core_schema.NullableSchema) -> dict[str, Any]:
        return self.generate_inner(schema["schema"])


def json_schema() -> dict[str, Any]:
    """The JSON schema of rules.yaml."""
    made = Config.model_json_schema(by_alias=True, schema_generator=_ForEditors)
    for table, key, text in _docstrings():
        owner = made if table == Config.__name__ else made["$defs"].get(table, {})
        model: type[Table] = getattr(schema, table)
        name = model.model_fields[key].alias or key
        if name in owner.get("properties", {}):
            owner["properties"][name]["description"] = text
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return head | made | {"title": "rules.yaml of autoresponder", "required": ["mailboxes", "rules"]}


def _docstrings() -> Iterator[tuple[str, str, str]]:
    """(model, field, docstring) for each documented key, those of a base class for each that has them from it."""
    classes = [n for n in ast.parse(Path(schema.__file__).read_text("utf-8")).body if isinstance(n, ast.ClassDef)]
    own = {c.name: list(_keys(c)) for c in classes}
    for name in own:
        model = getattr(schema, name)
        if isinstance(model, type) and issubclass(model, Table):
            for base in reversed(model.__mro__):
                for key, text in own.get(base.__name__, ()):
                    yield name, key, text


def _keys(of: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, after in zip(of.body, of.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
            yield field.target.id, ast.literal_eval(after.value)


if __name__ == "__main__":
    text = json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"
    Path(__file__).with_name("rules.schema.json").write_text(text, encoding="utf-8")
