"""What YAML means to us, where everything stands, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from autoresponder.config.loader import MAX_BYTES, MAX_PROBLEMS, parse, read
from autoresponder.errors import ConfigError, Place


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("09:00", "09:00"),
        ("22:00-06:00", "22:00-06:00"),
        ("2026-12-24", "2026-12-24"),
        ("12-20..01-06", "12-20..01-06"),
        ("1.50", "1.50"),
        ("1e3", "1e3"),
        ("010", "010"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("=", "="),
        ("993", 993),
        ("-1", -1),
        ("+34", 34),
        ("12345678901234567890", "12345678901234567890"),
        ("~", None),
        ("null", None),
        ("", None),
        ('"993"', "993"),
        ("'true'", "true"),
        ('""', ""),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        ("ñandú", "ñandú"),
        ("[1, a]", [1, "a"]),
        ("{1: a, true: b, ~: c}", {"1": "a", "true": "b", "~": "c"}),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(written: str, meant: Any) -> None:
    data = parse(f"a: {written}".encode(), "r.yaml").data
    assert data == {"a": meant}
    assert type(data["a"]) is type(meant)


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"", None),
        (b"# a comment\n", None),
        (b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        (b"---\na: 1\n...\n", {"a": 1}),
    ],
)
def test_whole_files(raw: bytes, data: Any) -> None:
    assert parse(raw, "r.yaml").data == data


def test_every_key_and_value_has_its_place() -> None:
    document = parse("# ñ\nrules:\n  - name: ñ\n    when: {subject: [a, b]}\n".encode(), "r.yaml")
    places = {
        ("rules",): (3, 3),
        ("rules", 0, "name"): (3, 11),
        ("rules", 0, "when", "subject", 1): (4, 25),
        ("rules", 0, "when", "subject", "not there"): (4, 21),
        ("rules", 7): (3, 3),
        (): (2, 1),
    }
    for path, (line, column) in places.items():
        assert document.at(path) == Place("r.yaml", line, column), path
    assert document.key(("rules", 0, "when", "subject")) == Place("r.yaml", 4, 12)
    assert document.key(("rules",)) == Place("r.yaml", 2, 1)
    assert document.key(("rules", 0)) == Place("r.yaml", 3, 5)


def test_aliases_are_welcome_within_reason() -> None:
    document = parse(b"a: &a [x, y]\nb: *a\nc: {d: *a}\n", "r.yaml")
    assert document.data == {"a": ["x", "y"], "b": ["x", "y"], "c": {"d": ["x", "y"]}}
    assert document.at(("c", "d", 1)) == Place("r.yaml", 1, 11)


def test_a_password_is_not_in_the_repr() -> None:
    assert "hunter2" not in repr(parse(b"password: hunter2", "r.yaml"))


@pytest.mark.parametrize(
    "raw",
    [
        b"a" * (MAX_BYTES + 1),
        b"- a\n" * 200_000,
        b"[" * MAX_BYTES,
        b"{a: " * 200_000,
        b"? - " * 200_000,
        b"a: 1\n" * 100_000,
        b"&a " * 300_000,
        b"- !!a b\n" * 100_000,
    ],
)
def test_too_much_is_refused_with_few_words(raw: bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(raw, "r.yaml")
    assert len(caught.value.problems) <= MAX_PROBLEMS + 1


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rules\.yaml: the file cannot be read: no such file or directory"):
        read(tmp_path / "rules.yaml")
    with pytest.raises(ConfigError, match="is a directory"):
        read(tmp_path)
