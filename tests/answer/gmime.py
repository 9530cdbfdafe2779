"""GMime (the MIME parser of GNOME's mail programs and of notmuch) as a strict reader of our letters.

Spoken to through ctypes: `gir1.2-gmime-3.0`, one of the Debian packages that `make test` installs, brings the library.
Everything that it warns of is kept, all its compliance modes are strict. Where it is missing, tests are skipped with a
loud line.
"""

import ctypes
import ctypes.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from tests.lab.machine import SKIPPED

STRICT = 1
_WARNING = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_uint, ctypes.c_char_p, ctypes.c_void_p)
_STRINGS = (
    "g_mime_message_get_subject", "g_mime_message_get_message_id", "internet_address_get_name",
    "internet_address_mailbox_get_idn_addr", "g_mime_content_type_get_mime_type", "g_mime_part_get_filename",
    "g_mime_object_get_header", "g_mime_references_get_message_id", "g_mime_content_type_get_parameter",
)  # fmt: skip
_POINTERS = (
    "g_mime_stream_mem_new_with_buffer", "g_mime_stream_mem_new", "g_mime_parser_new_with_stream",
    "g_mime_parser_options_new", "g_mime_parser_construct_message", "g_mime_message_get_from", "g_mime_message_get_to",
    "internet_address_list_get_address", "g_mime_message_get_mime_part", "g_mime_part_iter_new",
    "g_mime_part_iter_get_current", "g_mime_object_get_content_type", "g_mime_part_get_content",
    "g_mime_stream_mem_get_byte_array", "g_mime_references_parse", "g_mime_message_get_date",
)  # fmt: skip


class _ByteArray(ctypes.Structure):
    _fields_ = (("data", ctypes.POINTER(ctypes.c_char)), ("len", ctypes.c_uint))


@dataclass(frozen=True, slots=True)
class Part:
    """A part that holds no others: its type, file name ("" for none) and decoded octets."""

    type: str
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Read:
    """What GMime makes of a letter."""

    warnings: tuple[str, ...]
    subject: str
    message_id: str  # without the brackets
    from_: tuple[tuple[str, str], ...]  # (name, address) each, domains as A-labels
    to: tuple[tuple[str, str], ...]
    references: tuple[str, ...]
    parts: tuple[Part, ...]
    date: int  # seconds since 1970; -1 for none


@cache
def _library() -> Any:
    name = ctypes.util.find_library("gmime-3.0")
    if name is None:
        reason = SKIPPED + "apt-get install gir1.2-gmime-3.0"
        (pytest.fail if os.environ.get("AUTORESPONDER_REQUIRE_SERVERS") == "1" else pytest.skip)(reason)
    lib = ctypes.CDLL(name)
    for function in _STRINGS:
        getattr(lib, function).restype = ctypes.c_char_p
    for function in _POINTERS:
        getattr(lib, function).restype = ctypes.c_void_p
    lib.g_date_time_to_unix.restype = ctypes.c_int64
    lib.g_mime_init()
    return lib


def read(raw: bytes) -> Read:
    """Parses a letter; skips the test where there is no GMime."""
    lib = _library()
    warnings: list[str] = []

    @_WARNING
    def warned(offset: int, code: int, item: bytes | None, _data: int | None) -> None:
        warnings.append(f"{code} at {offset}: {(item or b'').decode('utf-8', 'replace')}")

    options = _pointer(lib.g_mime_parser_options_new())
    lib.g_mime_parser_options_set_warning_callback(options, warned, None)
    for mode in ("address", "parameter", "rfc2047"):
        getattr(lib, f"g_mime_parser_options_set_{mode}_compliance_mode")(options, STRICT)
    lib.g_mime_parser_options_set_allow_addresses_without_domain(options, 0)
    stream = _pointer(lib.g_mime_stream_mem_new_with_buffer(raw, ctypes.c_size_t(len(raw))))
    parser = _pointer(lib.g_mime_parser_new_with_stream(stream))
    message = _pointer(lib.g_mime_parser_construct_message(parser, options))
    assert message.value, "GMime finds no message in it"
    try:
        return Read(
            subject=_text(lib.g_mime_message_get_subject(message)),
            message_id=_text(lib.g_mime_message_get_message_id(message)),
            from_=tuple(_addresses(lib, _pointer(lib.g_mime_message_get_from(message)))),
            to=tuple(_addresses(lib, _pointer(lib.g_mime_message_get_to(message)))),
            references=tuple(_references(lib, message, options)),
            parts=tuple(_parts(lib, message)),
            date=_date(lib, message),
            warnings=tuple(warnings),
        )
    finally:
        for thing in (message, parser, stream):
            lib.g_object_unref(thing)
        lib.g_mime_parser_options_free(options)


def _pointer(value: int | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(value)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8")


def _date(lib: Any, message: ctypes.c_void_p) -> int:
    date = _pointer(lib.g_mime_message_get_date(message))
    return lib.g_date_time_to_unix(date) if date.value else -1


def _addresses(lib: Any, found: ctypes.c_void_p) -> Iterator[tuple[str, str]]:
    for n in range(lib.internet_address_list_length(found)):
        one = _pointer(lib.internet_address_list_get_address(found, n))
        yield _text(lib.internet_address_get_name(one)), _text(lib.internet_address_mailbox_get_idn_addr(one))


def _references(lib: Any, message: ctypes.c_void_p, options: ctypes.c_void_p) -> Iterator[str]:
    value = lib.g_mime_object_get_header(message, b"References")
    if not value:
        return
    found = _pointer(lib.g_mime_references_parse(options, value))
    for n in range(lib.g_mime_references_length(found)):
        yield _text(lib.g_mime_references_get_message_id(found, n))
    lib.g_mime_references_free(found)


def _parts(lib: Any, message: ctypes.c_void_p) -> Iterator[Part]:
    top = _pointer(lib.g_mime_message_get_mime_part(message))
    walk = _pointer(lib.g_mime_part_iter_new(top))
    more = True
    while more:
        one = _pointer(lib.g_mime_part_iter_get_current(walk))
        content = _pointer(lib.g_mime_part_get_content(one)) if _is_leaf(lib, one) else _pointer(None)
        if content.value:
            kind = _text(lib.g_mime_content_type_get_mime_type(_pointer(lib.g_mime_object_get_content_type(one))))
            yield Part(kind, _text(lib.g_mime_part_get_filename(one)), _octets(lib, content))
        more = bool(lib.g_mime_part_iter_next(walk))
    lib.g_mime_part_iter_free(walk)


def _is_leaf(lib: Any, part: ctypes.c_void_p) -> bool:
    lib.g_mime_part_get_type.restype = ctypes.c_size_t
    return bool(lib.g_type_check_instance_is_a(part, ctypes.c_size_t(lib.g_mime_part_get_type())))


def _octets(lib: Any, content: ctypes.c_void_p) -> bytes:
    stream = _pointer(lib.g_mime_stream_mem_new())
    lib.g_mime_data_wrapper_write_to_stream(content, stream)
    array = ctypes.cast(_pointer(lib.g_mime_stream_mem_get_byte_array(stream)), ctypes.POINTER(_ByteArray)).contents
    data = array.data[: array.len]
    lib.g_object_unref(stream)
    return data
