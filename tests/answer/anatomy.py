"""docs/anatomy.md: one answer, byte by byte, with the RFC behind each header. `make anatomy` writes it.

A header of the answer that has no explanation here is an error: the page cannot forget one.
"""
# ruff: noqa: E501 - the sentences of a table

import re
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from autoresponder.answer.compose import Composer
from autoresponder.answer.templates import Library
from autoresponder.core.message import parse
from tests.answer.house import BOX, BRAND, NOW, SHIPPED, SIGNER, decision

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c6360f8ff0f000401020"
    "0bdc3f0b60000000049454e44ae426082"
)
LETTER = b"""\
From: Ana Ruiz <ana@example.net>\r
To: contact@example.com\r
Subject: Order 48213\r
Date: Mon, 23 Nov 2026 10:29:12 +0100\r
Message-ID: <b7f1@example.net>\r
References: <a0c2@example.net>\r
Thread-Index: Ad17LRlZAAECAwQFBgcICQoLDA0ODw==\r
\r
Good morning, when will my order arrive? Thank you.\r
"""
EXPLAINED = {
    "From": ("RFC 5322 §3.6.2", "One identity, from rules.yaml: the brand (or the template's `from_name`) and the "
             "mailbox. Never what the letter was addressed to."),
    "To": ("RFC 5322 §3.6.3", "One recipient: Reply-To when it holds exactly one address, else From. No Cc, no Bcc. The "
           "name only where it is one; non-ASCII as encoded words (RFC 2047), domains in A-labels (RFC 5890)."),
    "Subject": ("RFC 5322 §3.6.5", "`Re: ` once, whatever stood before (`AW:`, `SV:`, `RV:` …); links made inert; encoded "
                "words of at most 75 characters where it is not ASCII (RFC 2047 §2)."),
    "Date": ("RFC 5322 §3.6.1", "When the answer was made, in the office's time zone."),
    "Message-ID": ("RFC 5322 §3.6.4", "Signed, and the same for the same letter and rule: a letter sent twice by a crash "
                   "would be one letter to those who drop duplicates, and a bounce of it is recognised as ours."),
    "In-Reply-To": ("RFC 5322 §3.6.4", "The letter that is answered."),
    "References": ("RFC 5322 §3.6.4", "The letter's own references and then the letter, at most 900 characters; of older "
                   "ones only those of the right form, since some readers drop the whole list for a wrong one."),
    "Thread-Index": ("[MS-OXOMSG] 2.2.1.3", "The letter's own, with a step for this answer: Outlook's way to find the "
                     "conversation. Only where the letter has one."),
    "Auto-Submitted": ("RFC 3834 §5", "Says that no person wrote this; whoever keeps to RFC 3834 does not answer it."),
    "X-Auto-Response-Suppress": ("[MS-OXCMAIL]", "The same for Exchange and Outlook, which do not read "
                                 "Auto-Submitted: no auto-reply, no read or delivery report."),
    "X-Autoresponder-Token": ("RFC 3834 §2", "Our mark: a letter that comes back with one, from anywhere and whoever made it, is "
                        "met with silence."),
    "Content-Language": ("RFC 3282", "The language it is written in."),
    "MIME-Version": ("RFC 2045 §4", "It is MIME."),
    "Content-Type": ("RFC 2046 §5.1.4, RFC 2387", "`multipart/alternative`: text first, HTML last, the reader's program "
                     "takes the last it can show. `multipart/related`: the HTML with the logo that it shows."),
    "Content-Transfer-Encoding": ("RFC 2045 §6", "`7bit` where the text is, else `quoted-printable`, or `base64` for other "
                                  "scripts: every line under 998 octets, nothing that a server must rewrite."),
    "Content-ID": ("RFC 2392", "What the HTML calls the logo (`cid:`): nothing is fetched, nobody is told of a reading."),
    "Content-Disposition": ("RFC 2183 §2.1", "Part of the page, not an attachment."),
}  # fmt: skip
THREADS = """\
| program | goes by | so the answer has |
|---|---|---|
| Gmail | `References` or `In-Reply-To`, and the same subject behind `Re:` | both, and the letter's own subject behind one \
`Re: `. A subject that had to be shortened (over 150 characters), or that held a link or an address, begins a new \
conversation there: links are never repeated. |
| Outlook, Exchange, Outlook.com | `Thread-Index`; without one, `References` and the subject | the letter's index with one \
step more; no `Thread-Topic`, which is the subject without `Re:` anyway |
| Thunderbird, Apple Mail, K-9 | `References`, then `In-Reply-To`; Apple Mail also the subject | the letter's `Message-ID` \
last in both |
| all of them | strip `Re:` before they compare | `Re: ` in plain ASCII, once, also where the rest is encoded; `AW:`, `SV:`, \
`RV:`, `TR:` … of the letter are gone |

Taken from what their makers publish and from what they write themselves; not tried in the programs. The form is checked by a test.
"""
ENVELOPE = """\
| | RFC | why |
|---|---|---|
| `MAIL FROM:<>` | RFC 3834 §3.3, RFC 5321 §4.5.5 | The null sender: what cannot be delivered does not bounce back and \
cannot loop. The mailbox's address where a server refuses it; remembered for that server. |
| `RCPT TO:<ana@example.net> NOTIFY=NEVER` | RFC 3461 §4.1 | Exactly one. No delivery reports, where DSN is offered. |
| `BODY=8BITMIME` | RFC 6152 §3 | Where the server offers it, texts go as they are; the same letter, some 5 % shorter \
(up to a quarter, in other scripts). It is kept in 7 bits, which every server takes. |
| `SMTPUTF8` | RFC 6531 §3.4 | Only when the recipient's own address is not ASCII before its @, and the server offers it; \
where not, the answer is refused with that reason. Domains always go as A-labels (RFC 5891). |
"""
INTRODUCTION = """\
# Anatomy of an answer

The bytes that leave for one sample letter, and the RFC behind each header. Made from the program by `make anatomy`;
a test compares. `autoresponder preview acknowledgement -o answer.eml` writes the same for your own templates.

The letter:

"""
SHOWN = 8
"""Lines of the HTML that are shown."""


def answer() -> bytes:
    """The answer to the sample letter, from the shipped templates, with a logo of one pixel."""
    with TemporaryDirectory() as folder:
        logo = Path(folder) / "logo.png"
        logo.write_bytes(PNG)
        brand = replace(BRAND, logo=str(logo))
        composer = Composer(Library.load(SHIPPED, brand), brand, SIGNER, lambda _subject, _text: "en")
        message = parse(LETTER)
        return composer.compose(decision(message), message, BOX, NOW).raw


def page() -> str:
    """docs/anatomy.md."""
    raw = answer().decode("ascii").replace("\r\n", "\n")
    letter = LETTER.decode("ascii").replace("\r\n", "\n").rstrip()
    rows = [f"| `{name}` | {EXPLAINED[name][0]} | {EXPLAINED[name][1]} |" for name in headers(raw)]
    return (
        INTRODUCTION
        + f"```text\n{letter}\n```\n\nThe answer, lines end with CR LF:\n\n```text\n{_shortened(raw)}\n```\n\n"
        "## The headers\n\n| header | RFC | why |\n|---|---|---|\n" + "\n".join(rows) + "\n\n"
        "What is not there: Cc, Bcc, Reply-To, Return-Path, List-*, Precedence (its only use is to be taken for bulk), "
        "X-Mailer, and any of the letter's text but its subject.\n\n## Threading\n\n"
        + THREADS
        + "\n## The envelope\n\n"
        + ENVELOPE
    )


def headers(raw: str) -> list[str]:
    """The names of all headers, of the letter and its parts, each once, in order."""
    head, _, rest = raw.partition("\n\n")
    parts = re.findall(r"^--=_\S+\n((?:[A-Z][\w-]*: .*\n)+)\n", rest, re.MULTILINE)
    names = re.findall(r"^([A-Za-z-]+):", "\n".join([head, *parts]), re.MULTILINE)
    return list(dict.fromkeys(names))


def _shortened(raw: str) -> str:
    """With the HTML cut."""
    parts = re.split(r"(?m)^(?=--=_)", raw.rstrip("\n"))
    return "".join(_cut(part) if "Content-Type: text/html" in part else part for part in parts)


def _cut(part: str) -> str:
    lines = part.rstrip("\n").split("\n")
    start = max(i for i, line in enumerate(lines) if line.startswith("Content-")) + 2
    end = start + SHOWN
    return "\n".join([*lines[:end], f"[… {len(lines) - end} more lines …]", "", ""])


if __name__ == "__main__":
    sys.stdout.write(page())
