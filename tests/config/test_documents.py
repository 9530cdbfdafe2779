"""docs/rules.md: every example is valid, every key is explained, and the schema that editors use is the models'."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from autoresponder.config import schema
from autoresponder.config.build import load_settings, problems_of
from autoresponder.config.editor import json_schema
from autoresponder.config.schema import Config, Table

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "rules.md").read_text()
EXAMPLES = re.findall(r"^```yaml( warns)?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MAILBOX = """
mailboxes:
  contact:
    address: contact@example.com
    imap: {host: imap.example.com, password: {env: MAIL}}
    smtp: {host: smtp.example.com}
    authserv_id: mx.example.com
"""
RULES = "\nrules: [{name: Everything else, reply: acknowledgement}]\n"


@pytest.mark.parametrize(("warns", "text"), EXAMPLES, ids=[text.split("\n")[0][:40] for _, text in EXAMPLES])
def test_every_example_is_valid(tmp_path: Path, warns: str, text: str) -> None:
    text += "" if re.search(r"^mailboxes:", text, re.MULTILINE) else MAILBOX
    text += "" if re.search(r"^rules:", text, re.MULTILINE) else RULES
    path = tmp_path / "rules.yaml"
    path.write_text(text)
    (tmp_path / "contacts.csv").write_text("email,tier,customer_since\n")
    settings = load_settings(path, environ={})
    assert bool(settings.warnings) == bool(warns), [str(w) for w in settings.warnings]
    assert problems_of(settings, {p.name.partition(".")[0] for p in (ROOT / "templates").glob("*.md")}) == []


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in parts(field.annotation):
            if part is not model and isinstance(part, type) and issubclass(part, Table):
                yield from models(part) if part is not schema.When or model is not schema.When else ()


def parts(annotation: object) -> Iterator[object]:
    yield annotation
    for inner in get_args(annotation):
        yield from parts(inner)


KEYS = sorted({f.alias or n for m in models(Config) for n, f in m.model_fields.items()})


def test_every_key_of_the_grammar_is_on_the_page() -> None:
    assert len(KEYS) > 80
    missing = [key for key in KEYS if not re.search(rf"(?<![\w-]){re.escape(key)}:|`{re.escape(key)}`", PAGE)]
    assert missing == []


def test_every_key_says_what_it_is() -> None:
    schema = json_schema()
    tables = {"Config": schema, **schema["$defs"]}
    keys = [(m.__name__, f.alias or n) for m in models(Config) for n, f in m.model_fields.items()]
    assert [key for key in keys if not tables[key[0]]["properties"][key[1]].get("description")] == []


def test_the_shipped_schema_is_made_from_the_models() -> None:
    shipped = ROOT / "autoresponder" / "config" / "rules.schema.json"
    assert json.loads(shipped.read_text()) == json_schema(), "write it anew: python -m autoresponder.config.editor"


def test_rules_yaml_names_its_schema() -> None:
    first = (ROOT / "rules.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=autoresponder/config/rules.schema.json"
