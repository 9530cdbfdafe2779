"""contacts.csv as people export it: each odd file beside what is read from it and what is said, word for word."""

from pathlib import Path

import pytest

from autoresponder.config import contacts as module
from autoresponder.config.contacts import column_name, read_contacts
from autoresponder.core.contacts import Contacts, Row

GOOD: list[tuple[str, bytes, dict[str, tuple[str, ...]]]] = [
    ("plain", b"email,name\nana@example.net,Ana Ruiz\n", {"ana@example.net": ("Ana Ruiz",)}),
    ("no line end", b"email,name\r\nana@example.net,Ana", {"ana@example.net": ("Ana",)}),
    ("old Mac", b"email,name\rana@example.net,Ana\r", {"ana@example.net": ("Ana",)}),
    ("byte order mark", "\ufeffemail,name\nana@example.net,José".encode(), {"ana@example.net": ("José",)}),
    ("UTF-16", "email\tname\nana@example.net\tJosé".encode("utf-16"), {"ana@example.net": ("José",)}),
    ("semicolons", b"email;name;town\nana@example.net;Ruiz, Ana;\n", {"ana@example.net": ("Ruiz, Ana", "")}),
    ("tabs", b"email\tname\nana@example.net\tAna; Eva\n", {"ana@example.net": ("Ana; Eva",)}),
    ("Excel's own word", b"sep=;\nemail;name\nana@example.net;A,B\n", {"ana@example.net": ("A,B",)}),
    ("any case", b"NAME,E-Mail\nAna,Ana@Example.NET\n", {"ana@example.net": ("Ana",)}),
    ("quotes", b'email,name\n"ana@example.net","Ruiz, ""la jefa"""\n', {"ana@example.net": ('Ruiz, "la jefa"',)}),
    ("inches", b'email,screen,door\nana@example.net,24" wide,6" high\n', {"ana@example.net": ('24" wide', '6" high')}),
    ("one inch", b'email,screen\nana@example.net,24"\neva@example.net,27"\n',
     {"ana@example.net": ('24"',), "eva@example.net": ('27"',)}),
    ("quoted line ends", b'email,address\nana@example.net,"1 Street\r\n28001 Town"\neva@example.net,x\n',
     {"ana@example.net": ("1 Street\r\n28001 Town",), "eva@example.net": ("x",)}),
    ("empty lines", b"\n\nemail,name\n\n ,\n,,,\nana@example.net,Ana\n\n", {"ana@example.net": ("Ana",)}),
    ("few cells", b"email,name,town\nana@example.net\n", {"ana@example.net": ("", "")}),
    ("empty cells beyond", b"email,name,,\nana@example.net,Ana,,,,\n", {"ana@example.net": ("Ana",)}),
    ("two addresses", b"email,name\nana@example.net,Ana\nana@home.example,Ana\n",
     {"ana@example.net": ("Ana",), "ana@home.example": ("Ana",)}),
    ("a domain", "email,tier\n@Bücher.example,gold\n".encode(), {"@xn--bcher-kva.example": ("gold",)}),
    ("dates", b"email,customer_since\na@x.example,2019-03-14\nb@x.example,2019-3-14 00:00:00\nc@x.example,14.3.2019\n"
     b"d@x.example,2019/03/14\n", {f"{c}@x.example": ("2019-03-14",) for c in "abcd"}),
    ("no date", b"email,customer_since\na@x.example,\n", {"a@x.example": ("",)}),
    ("day first", b"email,Customer since\na@x.example,03/04/2019\nb@x.example,14/03/2019\n",
     {"a@x.example": ("2019-04-03",), "b@x.example": ("2019-03-14",)}),
    ("month first", b"email,Customer since\na@x.example,03/04/2019\nb@x.example,3-14-2019\n",
     {"a@x.example": ("2019-03-04",), "b@x.example": ("2019-03-14",)}),
    ("day and month alike", b"email,customer_since\na@x.example,05/05/2019\n", {"a@x.example": ("2019-05-05",)}),
    ("languages", b"email,language\na@x.example,ES\nb@x.example,pt_br\nc@x.example,\n",
     {"a@x.example": ("es",), "b@x.example": ("pt-BR",), "c@x.example": ("",)}),
    ("languages by name", "email,language\na@x.example,Spanish\nb@x.example,Español (España)\nc@x.example,deutsch\n"
     "d@x.example,Portuguese (Brazil)\ne@x.example,français\nf@x.example,Svenska\n"
     "g@x.example,Castellano\nh@x.example,English (US)\n".encode(),
     {"a@x.example": ("es",), "b@x.example": ("es-ES",), "c@x.example": ("de",), "d@x.example": ("pt-BR",),
      "e@x.example": ("fr",), "f@x.example": ("sv",), "g@x.example": ("es",), "h@x.example": ("en-US",)}),
    ("nobody yet", b"email,name\n", {}),
    ("Google Contacts", b"First Name,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value\n"
     b"Ana,Work,ana@example.net,Home,ana@home.example\nEva,Work,eva@x.example ::: eva@y.example,,\n"
     b"Leo,,,Home,leo@x.example\n",
     {"ana@example.net": ("Ana", "Work", "Home"), "ana@home.example": ("Ana", "Work", "Home"),
      "eva@x.example": ("Eva", "Work", ""), "eva@y.example": ("Eva", "Work", ""),
      "leo@x.example": ("Leo", "", "Home")}),
    ("Outlook", b"First Name,E-mail Address,E-mail 2 Address\nAna,ana@example.net,\nEva,eva@x.example,EVA@x.example\n",
     {"ana@example.net": ("Ana",), "eva@x.example": ("Eva",)}),
    ("Thunderbird", b"First Name,Primary Email,Secondary Email\nAna,a@x.example,b@x.example\n",
     {"a@x.example": ("Ana",), "b@x.example": ("Ana",)}),
    ("email wins", b"Mail,Correo,email\nx,y,ana@example.net\n", {"ana@example.net": ("x", "y")}),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "rows"), [case[1:] for case in GOOD], ids=[case[0] for case in GOOD])
def test_what_people_export_is_understood(tmp_path: Path, raw: bytes, rows: dict[str, tuple[str, ...]]) -> None:
    contacts, problems = read(tmp_path, raw)
    assert (dict(contacts.rows), problems) == (rows, [])


EMPTY = "the file is empty (its first line names the columns: email,name,company)"
NO_EMAIL = ':1: no column is called "email" '
ERRORS: list[tuple[str, bytes, str]] = [
    ("empty", b"", EMPTY),
    ("blank", b"\xef\xbb\xbf\n  \n", EMPTY),
    ("no email", b"Name,E-mail of mum\nAna,ana@example.net\n", NO_EMAIL + '(call "E-mail of mum" email)'),
    ("in Spanish", b"Nombre;Correo del cliente\n", NO_EMAIL + '(call "Correo del cliente" email)'),
    (
        "two names",
        b"Name,Mail,Correo\n",
        ':1: "Mail" and "Correo" may both be the column of addresses (call the right one email)',
    ),
    ("nothing like it", b"Name,Town\n", NO_EMAIL + '(there are: "Name", "Town")'),
    (
        "no names",
        b"Ana,a@x.example\n",
        ":1: this is already a contact (put the names of the columns above it: email,name)",
    ),
    ("open quote", b'\nemail,"name\n', ":2: the names of the columns cannot be read: a quote is not closed"),
    (
        "a spreadsheet",
        b"PK\x03\x04\x14\x00",
        "this is a spreadsheet, not a CSV file (open it and save it as “CSV UTF-8”)",
    ),
    (
        "no text",
        "email,name\n".encode("utf-16-le"),
        ":1: this is not text as a CSV file has it (save it as “CSV UTF-8”)",
    ),
    (
        "neither",
        b"email,name\na@x.example,\x81\n",
        ":2: this is neither UTF-8 nor Windows-1252 text (save it as “CSV UTF-8”)",
    ),
    (
        "too large",
        b"email\n" + b"x" * module.MAX_BYTES,
        "the file is larger than 32 MB (keep only the columns that are used)",
    ),
    ("too many columns", b"email" + b",x" * 100, ":1: there are more than 100 columns (keep only those that are used)"),
]


@pytest.mark.parametrize(("raw", "sentence"), [case[1:] for case in ERRORS], ids=[case[0] for case in ERRORS])
def test_files_that_cannot_be_used(tmp_path: Path, raw: bytes, sentence: str) -> None:
    contacts, problems = read(tmp_path, raw)
    assert contacts == Contacts()
    assert problems == [f"contacts.csv{sentence}" if sentence.startswith(":") else f"contacts.csv: {sentence}"]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    contacts, problems = read_contacts(tmp_path)
    assert contacts == Contacts()
    assert [str(p) for p in problems] == [f"{tmp_path}: the file cannot be read: is a directory"]


WARNINGS: list[tuple[str, str, str]] = [
    ("not an address", "email\nana", '"ana" is not an address (such as contact@example.com)'),
    (
        "with a name",
        "email\nAna <ana@x.example>",
        '"Ana <ana@x.example>" must be the address alone (without the name and < >)',
    ),
    (
        "two in one",
        "email;name\na@x.example, b@x.example;Ana",
        '"a@x.example, b@x.example" is not an address (give each address a line of its own)',
    ),
    ("everybody", "email\n*@x.example", '"*@x.example" is not an address (such as contact@example.com)'),
    ("no address", "email,name\n,Ana", "it has no address"),
    ("no domain", "email\n@shop", '"@shop" is not a domain (such as "@example.com")'),
    (
        "too many cells",
        "email,name\nana@x.example,Acme, Inc.",
        "it has 3 cells, and there are 2 columns (a text with a separator in it stands in quotes)",
    ),
    ("NUL", "email,name\nana@x.example,A\x00na", "there is a NUL character in it (delete it)"),
    (
        "a novel",
        "email,name\nana@x.example," + "x" * 1001,
        "a cell has more than 1000 characters (is a quote not closed?)",
    ),
    ("open quote", 'email,name\nana@x.example,"Ana', "a quote is not closed"),
    ("bare quote", 'email,name\nana@x.example,"Ana "la jefa" Ruiz"', 'a " in it is not doubled'),
]


@pytest.mark.parametrize(("text", "said"), [case[1:] for case in WARNINGS], ids=[case[0] for case in WARNINGS])
def test_rows_that_cannot_be_used_are_named_and_left_out(tmp_path: Path, text: str, said: str) -> None:
    contacts, problems = read(tmp_path, f"{text}\ngood@x.example\n".encode())
    assert problems == [f"contacts.csv:2: warning: this row is left out: {said}"]
    assert [*contacts.rows] == ["good@x.example"]


NAMED = (
    "E-mail", "Mail", "Email address", "E-mail 1 - Value", "Correo electrónico", "E-Mail-Adresse", "Adresse e-mail",
    "Indirizzo e-mail", "Correo", "E-mail Address", "Courriel", "Endereço de e-mail", "E-mailadres", "Adres e-mail",
    "Dirección de correo electrónico", "Correu electrònic", "E-postadress", "Sähköposti", "CUSTOMER EMAIL",
)  # fmt: skip


@pytest.mark.parametrize("column", NAMED)
def test_whatever_a_program_calls_the_column_of_addresses(tmp_path: Path, column: str) -> None:
    contacts, problems = read(tmp_path, f"Name;{column}\nAna;ana@example.net\n".encode())
    assert (contacts, problems) == (Contacts(("name",), {"ana@example.net": ("Ana",)}), [])


def test_one_of_two_addresses_that_is_wrong_leaves_the_other(tmp_path: Path) -> None:
    contacts, problems = read(tmp_path, b"name,E-mail 1 - Value,E-mail 2 - Value\nAna,ana,a@x.example\nEva,,\n")
    assert [*contacts.rows] == ["a@x.example"]
    assert problems == [
        'contacts.csv:2: warning: this address is left out: "ana" is not an address (such as contact@example.com)',
        "contacts.csv:3: warning: this row is left out: it has no address",
    ]


EMPTIED: list[tuple[str, str]] = [
    ("customer_since\nana@x.example,spring", '"spring" is not a date: it counts as empty (write 2019-03-14)'),
    (
        "customer_since\nana@x.example,2019-02-30",
        'the date "2019-02-30" does not exist: it counts as empty (write 2019-03-14)',
    ),
    (
        "customer_since\nana@x.example,03/04/2019",
        '"03/04/2019" does not say whether the day or the month comes first: it counts as empty (write 2019-03-14)',
    ),
    ("language\nana@x.example,Spannish", '"Spannish" is not a language: it counts as empty (did you mean "es"?)'),
    ("language\nana@x.example,Elvish", '"Elvish" is not a language: it counts as empty (such as es or pt-BR)'),
    (
        "language\nana@x.example,English (Moon)",
        '"English (Moon)" is not a language: it counts as empty (such as es or pt-BR)',
    ),
]


@pytest.mark.parametrize(("text", "said"), EMPTIED)
def test_a_cell_that_means_nothing_counts_as_empty(tmp_path: Path, text: str, said: str) -> None:
    contacts, problems = read(tmp_path, f"email,{text}\n\n{text.partition(chr(10))[2].replace('ana', 'eva')}".encode())
    column = text.partition("\n")[0]
    assert problems == [f"contacts.csv:{line}: warning: {column}: {said}" for line in (2, 4)]
    assert contacts.rows == {"ana@x.example": ("",), "eva@x.example": ("",)}


def test_of_two_rows_and_two_columns_the_first_one_counts(tmp_path: Path) -> None:
    contacts, problems = read(tmp_path, b"email,name,Name\nana@x.example,Ana,Eva\n\nANA@X.example,Eva,Ana\n")
    assert problems == [
        'contacts.csv:1: warning: the column "name" is there twice (the first one counts)',
        'contacts.csv:4: warning: "ANA@X.example" has a row already, in line 2 (the first one counts)',
    ]
    assert contacts == Contacts(("name",), {"ana@x.example": ("Ana",)})


def test_what_excel_saves_in_western_europe_is_read_and_said(tmp_path: Path) -> None:
    contacts, problems = read(tmp_path, "email;name\nana@x.example;Íñigo Muñoz €\n".encode("cp1252"))
    assert contacts.find("ana@x.example").cells == ("Íñigo Muñoz €",)
    assert problems == [
        "contacts.csv:2: warning: the file is not UTF-8: it is read as Windows-1252, so that this line says "
        '"Íñigo" (if that is wrong, save it as “CSV UTF-8”)'
    ]


def test_what_counts_as_empty_leaves_the_rest_of_the_row(tmp_path: Path) -> None:
    contacts, _ = read(tmp_path, b"email,name,customer_since,language\nana@x.example,Ana,long ago,Elvish\n")
    assert contacts.find("ana@x.example").cells == ("Ana", "", "")


def test_other_columns_of_dates_are_named_by_whoever_asks(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("email,birthday,note\nana@x.example,29.2.1980,1.2.1980\n")
    contacts, _ = read_contacts(path, {"birthday"})
    assert contacts.find("ana@x.example").cells == ("1980-02-29", "1.2.1980")


def test_many_problems_are_few_words(tmp_path: Path) -> None:
    _contacts, problems = read(tmp_path, b"email\n" + b"nobody\n" * 5000)
    assert len(problems) == module.SHOWN + 1
    assert problems[-1] == "contacts.csv:21: warning: and 4980 more rows like these"


def test_a_column_of_a_thousand_languages_is_none(tmp_path: Path) -> None:
    rows = "".join(f"a{n}@x.example,Elvish {n}\n" for n in range(1000))
    contacts, problems = read(tmp_path, f"email,language\n{rows}b@x.example,\n".encode())
    assert len(problems) == module.SHOWN + 1
    assert problems[0] == (
        "contacts.csv:2: warning: language: too many different texts stand in this column for languages: "
        "it counts as empty (write es, pt-BR)"
    )
    assert set(contacts.rows.values()) == {("",)}


def test_a_row_is_found_by_address_before_domain() -> None:
    contacts = Contacts(("name",), {"ana@x.example": ("Ana",), "@x.example": ("Ltd",)})
    assert contacts.find("ana@x.example") == Row(("name",), ("Ana",), "ana@x.example")
    assert contacts.find("eva@x.example") == Row(("name",), ("Ltd",), "@x.example")
    stranger = contacts.find("eva@sub.x.example")
    assert not stranger.known
    assert (stranger.cell("name"), contacts.find("")) == ("", stranger)
    assert contacts.find("ana@x.example").personal and not contacts.find("eva@x.example").personal


@pytest.mark.parametrize(
    ("written", "called"),
    [
        ("Customer since", "customer_since"),
        ("  TIER ", "tier"),
        ("E-Mail", "e_mail"),
        ("Teléfono (casa)", "telefono_casa"),
    ],
)
def test_columns_are_called_as_templates_can_call_them(written: str, called: str) -> None:
    assert column_name(written) == called


@pytest.mark.parametrize("piece", [b'"', b'"\n', b"\x00", b"\xff", b";\t,", b"\r", b'a@b.example,"x\n', b"sep="])
def test_no_file_takes_long_or_raises(tmp_path: Path, piece: bytes) -> None:
    """Whatever stands in it, in any number, is read within seconds, in few words."""
    contacts, problems = read(tmp_path, b"email,name\n" + piece * 60_000)
    assert len(problems) <= module.SHOWN + 1
    assert len(contacts.rows) <= 1


def read(folder: Path, raw: bytes) -> tuple[Contacts, list[str]]:
    """The contacts in those bytes, and what users read, without the folder."""
    path = folder / "contacts.csv"
    path.write_bytes(raw)
    contacts, problems = read_contacts(path)
    return contacts, [str(problem).replace(f"{folder}/", "") for problem in problems]
