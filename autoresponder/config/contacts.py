"""contacts.csv to the contacts of the core, whatever program exported it.

Contract: `read_contacts` returns `Contacts` and what is wrong, as problems with file and line, in the order of the file
and at most `SHOWN` of them. Errors: the file cannot be read, is no text, or does not say in which column the addresses
are; then there are no contacts. Warnings: a row that cannot be used is left out; a date or language that means nothing
counts as an empty cell; of two rows for one address the first one counts. Never raises, whatever the bytes; size, rows
and cells are bounded.

Understood without being told: UTF-8 with or without a byte order mark, UTF-16 with one, Windows-1252 (with a warning);
comma, semicolon or tab; names of columns in any case and with spaces; quoted cells over several lines; `sep=;`; what
programs call the column of addresses, also several of them (`E-mail 1 - Value`, `E-mail 2 - Value`); languages by name.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from autoresponder.config import locales, postal
from autoresponder.config.values import BadValue, shown
from autoresponder.core.address import domain_key, is_answerable, sender_key
from autoresponder.core.contacts import SINCE, Contacts
from autoresponder.core.text import fold
from autoresponder.errors import Place, Problem

MAX_BYTES = 32_000_000
"""Some 300,000 contacts."""
MAX_CELL = 1000
MAX_COLUMNS = 100
MAX_LANGUAGES = 100
MAX_LINES = 50
"""Lines that one row may have, in quotes."""
SHOWN = 20
"""Problems that are said one by one."""
EMAIL = ("email", "e_mail")
"""The column of addresses; where there is none, one of `ADDRESSES`."""
ADDRESSES = frozenset(
    """email e_mail mail email_address e_mail_address e_mail_value email_value mail_address customer_email
    correo correo_electronico direccion_de_correo_electronico direccion_del_correo_electronico direccion_de_correo
    correu correu_electronic adreca_electronica adreca_de_correu_electronic correo_e enderezo_electronico
    helbide_elektronikoa posta_elektronikoa
    e_mail_adresse email_adresse mailadresse mail_adresse emailadresse e_mailadresse
    adresse_e_mail adresse_email adresse_mail adresse_de_messagerie adresse_electronique courriel adresse_courriel
    indirizzo_e_mail indirizzo_email indirizzo_di_posta_elettronica posta_elettronica
    endereco_de_e_mail endereco_de_email endereco_de_correio_electronico correio_electronico
    e_mailadres emailadres mailadres adres_e_mail adres_email adresa_de_e_mail adresa_de_email
    e_post e_postadress epost epostadresse sahkoposti e_mailova_adresa""".split()  # noqa: SIM905
)
"""What programs call it: Google Contacts, Outlook, Thunderbird, shops and newsletters, in several languages."""
_NUMBER = re.compile(r"(?:^|_)(?:[1-9]|primary|secondary)(?=_|\Z)")
"""What tells columns of addresses apart: `E-mail 2 - Value`."""
_SEVERAL = " ::: "
"""Between the addresses in a cell of Google Contacts."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SAVE = "save it as “CSV UTF-8”"
_DATE = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ][\d:.]*)?")
_LOCAL_DATE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?: [\d:.]*)?")


def column_name(text: str) -> str:
    """A column as rules and templates call it: `Customer since` -> `customer_since`, `Teléfono` -> `telefono`."""
    return re.sub(r"\W+", "_", fold(text)).strip("_")


def read_contacts(path: Path, dates: Collection[str] = ()) -> tuple[Contacts, list[Problem]]:
    """The contacts in a file. dates: columns that hold dates, besides customer_since."""
    reader = _Reader(str(path), frozenset({SINCE, *dates}))
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        reader.error(0, f"the file cannot be read: {(error.strerror or 'unknown error').lower()}")
        raw = b""
    contacts = reader.read(raw) if raw or not reader.problems else Contacts()
    return contacts, reader.told()


@dataclass(slots=True)
class _Reader:
    """One reading of one file."""

    file: str
    dates: frozenset[str]
    problems: list[Problem] = field(default_factory=list)
    more: int = 0  # warnings beyond those that are shown
    lines: dict[str, int] = field(default_factory=dict)  # key -> line of its row

    def error(self, line: int, sentence: str, step: str = "") -> None:
        """No contacts can be had from this file."""
        self.problems.append(Problem(Place(self.file, line), sentence, step))

    def warn(self, line: int, sentence: str, step: str = "") -> None:
        """Something in it cannot be used."""
        if len(self.problems) < SHOWN:
            self.problems.append(Problem(Place(self.file, line), sentence, step, "warning"))
        else:
            self.more += 1

    def told(self) -> list[Problem]:
        """Every problem, or the first ones and how many more there are."""
        found = sorted(self.problems, key=lambda problem: problem.place.line)
        if self.more:
            found.append(Problem(found[-1].place, f"and {self.more} more rows like these", severity="warning"))
        return found

    def read(self, raw: bytes) -> Contacts:
        """All of it."""
        text = self._decoded(raw)
        lines = list(io.StringIO(text, newline=""))
        first = next((number for number, line in enumerate(lines) if line.strip()), None)
        if self.problems and self.problems[-1].severity == "error":
            return Contacts()
        if first is None:
            self.error(0, "the file is empty", "its first line names the columns: email,name,company")
            return Contacts()
        separator = _separator(lines[first])
        if lines[first].casefold().startswith("sep="):  # Excel's own word for it
            first += 1
        records = _records(lines, first, separator)
        line, header, fault = next(records, (first + 1, [], ""))
        columns = self._columns(line, header, fault)
        if columns is None:
            return Contacts()
        emails = _emails(columns)
        kept = [number for number, name in enumerate(columns) if name and name not in EMAIL and number not in emails]
        names = tuple(columns[number] for number in kept)
        rows = dict(self._rows(records, len(columns), emails, kept))
        for place, name in enumerate(names):
            if name in self.dates or name == "language":
                self._translate(rows, place, name)
        return Contacts(names, rows)

    # text ---------------------------------------------------------------------------------------------------------
    def _decoded(self, raw: bytes) -> str:
        if len(raw) > MAX_BYTES:
            self.error(0, f"the file is larger than {MAX_BYTES // 1_000_000} MB", "keep only the columns that are used")
            return ""
        if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            self.error(0, "this is a spreadsheet, not a CSV file", f"open it and {_SAVE}")
            return ""
        try:
            text = raw.decode("utf-16") if raw.startswith(_UTF16) else raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = self._western(raw)
        if "\x00" in text.partition("\n")[0]:
            self.error(1, "this is not text as a CSV file has it", _SAVE)
            return ""
        return text

    def _western(self, raw: bytes) -> str:
        """As Excel saves it in the west of Europe, if it can be that."""
        try:
            text = raw.decode("cp1252")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self.error(line, "this is neither UTF-8 nor Windows-1252 text", _SAVE)
            return ""
        odd = re.search(r"\w*[^\x00-\x7f]\w*", text)
        line = text.count("\n", 0, odd.start()) + 1 if odd else 0
        said = f", so that this line says {shown(odd[0])}" if odd else ""
        self.warn(line, f"the file is not UTF-8: it is read as Windows-1252{said}", f"if that is wrong, {_SAVE}")
        return text

    # columns ------------------------------------------------------------------------------------------------------
    def _columns(self, line: int, header: Sequence[str] | None, fault: str) -> list[str] | None:
        """The names of the columns, "" for those that are left out; None when they cannot be used."""
        if header is None:
            self.error(line, f"the names of the columns cannot be read: {fault}")
            return None
        names = [column_name(cell) for cell in header]
        if len(names) > MAX_COLUMNS:
            self.error(line, f"there are more than {MAX_COLUMNS} columns", "keep only those that are used")
            return None
        if not _emails(names):
            self._no_emails(line, header, names)
            return None
        for number, name in enumerate(names):
            if name and name in names[:number]:
                self.warn(line, f'the column "{name}" is there twice', "the first one counts")
                names[number] = ""
        return names

    def _no_emails(self, line: int, header: Sequence[str], names: Sequence[str]) -> None:
        if any(is_answerable(cell.strip()) for cell in header):
            self.error(line, "this is already a contact", "put the names of the columns above it: email,name")
            return
        several = [cell.strip() for cell, name in zip(header, names, strict=True) if _base(name) in ADDRESSES]
        if several:
            said = " and ".join(map(shown, several))
            self.error(line, f"{said} may both be the column of addresses", "call the right one email")
            return
        written = [cell.strip() for cell in header if cell.strip()]
        near = next((w for w in written if re.search("e.?mail|^mail$|correo|courriel", fold(w))), "")
        step = f"call {shown(near)} email" if near else f"there are: {', '.join(map(shown, written[:8]))}"
        self.error(line, 'no column is called "email"', step)

    # rows ---------------------------------------------------------------------------------------------------------
    def _rows(
        self, records: Iterator[tuple[int, list[str] | None, str]], columns: int, emails: list[int], kept: list[int]
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(key, cells) of every address that no row above has; a text that comes again is kept once."""
        texts: dict[str, str] = {}
        for line, cells, fault in records:
            if cells is None:
                self.warn(line, f"this row is left out: {fault}")
                continue
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if unusable := _unusable(cells, columns):
                self.warn(line, f"this row is left out: {unusable[0]}", unusable[1])
                continue
            cells += [""] * (columns - len(cells))
            written = [part for n in emails for part in cells[n].split(_SEVERAL) if part] or [""]
            for address in written:
                if key := self._key(line, address, "this row" if len(written) == 1 else "this address"):
                    yield key, tuple([texts.setdefault(cells[n], cells[n]) for n in kept])

    def _key(self, line: int, address: str, what: str) -> str:
        """The key of an address of a row; "" when it is none, or had a row before. what: that is then left out."""
        try:
            key = _key(address)
        except BadValue as bad:
            step = "give each address a line of its own" if address.count("@") > 1 else bad.step
            self.warn(line, f"{what} is left out: {bad.sentence}", step)
            return ""
        if self.lines.get(key) == line:
            return ""
        if key in self.lines:
            self.warn(line, f"{shown(address)} has a row already, in line {self.lines[key]}", "the first one counts")
            return ""
        self.lines[key] = line
        return key

    def _translate(self, rows: dict[str, tuple[str, ...]], place: int, name: str) -> None:
        """The cells of one column as they are kept: dates in ISO 8601, languages as tags."""
        meant = _meanings(name, {cells[place] for cells in rows.values()})
        for key, cells in rows.items():
            kept = meant[cells[place]]
            if isinstance(kept, BadValue):
                self.warn(self.lines[key], f"{name}: {kept.sentence}: it counts as empty", kept.step)
                kept = ""
            rows[key] = (*cells[:place], kept, *cells[place + 1 :])


def _base(name: str) -> str:
    """The name of a column without what tells it from others like it: `e_mail_2_value` -> `e_mail_value`."""
    return _NUMBER.sub("", name).strip("_")


def _emails(names: Sequence[str]) -> list[int]:
    """The columns that addresses stand in: the one called email; else those that are called so elsewhere, several only
    where no more than a number tells them apart. None where there is none, or no telling which."""
    for number, name in enumerate(names):
        if name in EMAIL:
            return [number]
    found = [number for number, name in enumerate(names) if _base(name) in ADDRESSES]
    alike = len({_base(names[number]) for number in found}) == 1
    return found if alike else []


def _meanings(name: str, texts: Collection[str]) -> dict[str, str | BadValue]:
    """What each text in a column of dates or languages means, or why it means nothing."""
    if name == "language" and len(texts) > MAX_LANGUAGES:
        wrong = BadValue("too many different texts stand in this column for languages", "write es, pt-BR")
        return {text: wrong if text else "" for text in texts}
    meaning = locales.language_or_name if name == "language" else _Days(texts).iso
    meant: dict[str, str | BadValue] = {}
    for text in texts:
        try:
            meant[text] = meaning(text) if text else ""
        except BadValue as wrong:
            meant[text] = wrong
    return meant


class _Days:
    """The dates of one column: whether the day or the month comes first, only the whole column can tell."""

    def __init__(self, cells: Iterable[str]) -> None:
        local = [found for cell in cells if (found := _LOCAL_DATE.fullmatch(cell)) and found[2] != "."]
        day_first = any(int(found[1]) > 12 for found in local)
        month_first = any(int(found[3]) > 12 for found in local)
        self._order = "" if day_first == month_first else "day" if day_first else "month"

    def iso(self, cell: str) -> str:
        """`2019-03-14`. Raises `BadValue`."""
        if found := _DATE.fullmatch(cell):
            year, month, day = int(found[1]), int(found[3]), int(found[4])
        elif found := _LOCAL_DATE.fullmatch(cell):
            if found[2] != "." and not self._order and found[1] != found[3]:
                raise BadValue(
                    f"{shown(cell)} does not say whether the day or the month comes first", "write 2019-03-14"
                )
            year, month, day = int(found[4]), int(found[3]), int(found[1])
            if found[2] != "." and self._order == "month":
                month, day = day, month
        else:
            raise BadValue(f"{shown(cell)} is not a date", "write 2019-03-14")
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            raise BadValue(f"the date {shown(cell)} does not exist", "write 2019-03-14") from None


def _key(address: str) -> str:
    """Under which an address, or a whole domain, is found. Raises `BadValue`."""
    if not address:
        raise BadValue("it has no address")
    if is_answerable(address) and "*" not in address:
        return sender_key(address)
    found = postal.alias(address)
    return f"@{domain_key(found[1:])}" if found.startswith("@") else sender_key(found)


def _unusable(cells: list[str], columns: int) -> tuple[str, str] | None:
    """Why a row cannot be used, and what to do."""
    if any(cells[columns:]):
        said = "a text with a separator in it stands in quotes"
        return f"it has {len(cells)} cells, and there are {columns} columns", said
    for cell in cells:
        if "\x00" in cell:
            return "there is a NUL character in it", "delete it"
        if len(cell) > MAX_CELL:
            return f"a cell has more than {MAX_CELL} characters", "is a quote not closed?"
    return None


def _separator(header: str) -> str:
    """Which of `;`, tab and comma the first line is cut with."""
    if header.casefold().startswith("sep="):
        return header[4] if header[4:5] in tuple(";\t,|") else ","
    bare = re.sub(r'"[^"]*"', "", header)
    return max(";\t,", key=bare.count) if any(sign in bare for sign in ";\t,") else ","


def _records(lines: Sequence[str], first: int, separator: str) -> Iterator[tuple[int, list[str] | None, str]]:
    """(line, cells, what is wrong) of every row from a line on; a row whose quote is not closed takes one line only."""
    number = first
    while number < len(lines):
        cells, taken, fault = _record(lines, number, separator)
        yield number + 1, cells, fault
        number += taken


def _record(lines: Sequence[str], number: int, separator: str) -> tuple[list[str] | None, int, str]:
    """(cells, lines taken, what is wrong) of the row that begins in a line."""
    line = lines[number]
    if '"' not in line:
        return line.rstrip("\r\n").split(separator), 1, ""
    text = fault = ""
    for taken, part in enumerate(lines[number : number + MAX_LINES], 1):
        text += part
        if len(text) > MAX_LINES * MAX_CELL:
            break
        if taken > 1 and text.count('"') % 2:
            continue
        try:
            return next(csv.reader([text], delimiter=separator, strict=True)), taken, ""
        except csv.Error as error:
            fault = str(error)
            if "unexpected end" not in fault:
                break
    return None, 1, 'a " in it is not doubled' if "expected after" in fault else "a quote is not closed"
