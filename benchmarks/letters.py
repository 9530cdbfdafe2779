"""Letters as benchmarks want them: plausible, of one size, each from a different person."""

import random

WORDS = "order invoice meeting Monday parcel status please thanks contract number address schedule holiday".split()  # noqa: SIM905


def letter(number: int, to: str, size: int = 4096) -> bytes:
    """A personal letter of about `size` octets: 1.2 kB of header as relayed mail has it, then plain text."""
    rnd = random.Random(number)
    key = "".join(rnd.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef0123456789+/") for _ in range(344))
    signature = "\r\n\t ".join(key[i : i + 66] for i in range(0, 344, 66))
    sender = f"person{number}@example.net"
    head = (
        f"Return-Path: <{sender}>\r\n"
        "Received: from out.example.net (out.example.net [192.0.2.25])\r\n"
        f"\tby mx.example.com (Postfix) with ESMTPS id 4X{number:07d}\r\n"
        f"\tfor <{to}>; Fri, 20 Nov 2026 10:00:00 +0000 (UTC)\r\n"
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=s2026;\r\n"
        f"\th=from:to:subject:date:message-id;\r\n\tb={signature}\r\n"
        f"From: =?utf-8?q?P=C3=A9rson_{number}?= <{sender}>\r\n"
        f"To: Contact <{to}>\r\n"
        f"Subject: Question {number} about {rnd.choice(WORDS)} =?utf-8?b?w6TDtsO8?=\r\n"
        "Date: Fri, 20 Nov 2026 09:59:57 +0000\r\n"
        f"Message-ID: <bench.{number}.{size}@example.net>\r\n"
        "User-Agent: Mozilla Thunderbird\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    text = " ".join(rnd.choice(WORDS) for _ in range(size // 6))[: max(0, size - len(head))]
    body = "\r\n".join(text[i : i + 72] for i in range(0, len(text), 74))
    return (head + body + "\r\n").encode()
