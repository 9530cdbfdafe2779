"""The parts of a letter, each with its header, in the encoding that suits what it holds (RFC 2045, 2046).

Pure. What comes out has CRLF line ends, is 7-bit clean and has no line of more than 76 characters.
"""

import base64
import binascii
from collections.abc import Iterable
from functools import lru_cache


def text_part(kind: str, text: str) -> bytes:
    """A text part: as it is, quoted-printable, or base64 for other scripts."""
    data = text.replace("\r", "").encode("utf-8", "replace").replace(b"\n", b"\r\n")
    if data.isascii() and max(map(len, data.split(b"\r\n"))) <= 76 and b"\r\nFrom " not in b"\r\n" + data:
        charset, encoding = "us-ascii", "7bit"
    elif (len(data) - len(data.decode("ascii", "ignore"))) * 4 > len(data):
        charset, encoding, data = "utf-8", "base64", base64.encodebytes(data).replace(b"\n", b"\r\n")
    else:
        charset, encoding = "utf-8", "quoted-printable"
        data = b"\r\n".join(map(_quoted_printable, data.split(b"\r\n")))
    head = f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + data


@lru_cache(maxsize=1024)
def _quoted_printable(line: bytes) -> bytes:
    """A line as RFC 2045 section 6.7 has it; most lines are the same in every answer."""
    return binascii.b2a_qp(line + b"\r\n", istext=True)[:-2]


def multipart(kind: str, boundary: str, parts: Iterable[bytes]) -> bytes:
    """A part made of parts, each with its header. Of boundaries within each other none may begin like another, for a
    line that begins like a boundary counts as one (RFC 2046 section 5.1.1)."""
    edge = f"--{boundary}".encode()
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n'.encode()
    return b"".join((head, *(b"\r\n" + edge + b"\r\n" + part for part in parts), b"\r\n" + edge + b"--"))


def picture(kind: str, data: bytes, content_id: str) -> bytes:
    """The logo, to be shown within the page that names it (RFC 2392)."""
    extension = "jpg" if kind == "jpeg" else kind
    return (
        f"Content-Type: image/{kind}\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <{content_id}>\r\n"
        f'Content-Disposition: inline; filename="logo.{extension}"\r\n\r\n'
    ).encode() + base64.encodebytes(data).replace(b"\n", b"\r\n")
