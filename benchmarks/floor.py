"""The floor: the shortest code that answers at all, with imapclient and aiosmtplib as they come.

    python -m benchmarks.floor backlog IMAP_PORT SMTP_PORT USER       prints seconds and CPU seconds
    python -m benchmarks.floor idle IMAP_PORT SMTP_PORT USER          answers until its standard input ends
    python -m benchmarks.floor fetch IMAP_PORT USER                   reads everything; seconds and CPU seconds

No rules, no store, no template: headers in batches of 200 and four kept-open SMTP connections, overlapped. `fetch` is
the floor of a backtest: whole letters in batches of 200, each only parsed as to its header fields.
"""

import asyncio
import email.parser
import sys
import threading
import time

import aiosmtplib
from imapclient import IMAPClient

BATCH, CONNECTIONS = 200, 4
HEADER = b"BODY[HEADER]"
BODY = "Thank you for your letter. We shall answer by Monday.\r\n" * 60
PARSER = email.parser.BytesHeaderParser()


def answer(raw: bytes) -> tuple[str, bytes]:
    """(recipient, letter): the least that is an answer."""
    head = PARSER.parsebytes(raw)
    to, number = head["Return-Path"].strip("<> "), head["Message-ID"]
    lines = (
        f"From: <contact@lab.test>\r\nTo: <{to}>\r\nSubject: Received\r\nIn-Reply-To: {number}\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n"
    )
    return to, (lines + BODY).encode()


def connect(port: int, user: str) -> IMAPClient:
    """Logged in, INBOX open."""
    client = IMAPClient("127.0.0.1", port, ssl=False)
    client.login(user, "secret")
    client.select_folder("INBOX", readonly=True)
    return client


async def smtp(port: int) -> aiosmtplib.SMTP:
    """One kept-open connection."""
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, local_hostname="bench")
    await client.connect()
    return client


async def backlog(imap_port: int, smtp_port: int, user: str) -> None:
    """Answers everything that is there."""
    client = await asyncio.to_thread(connect, imap_port, user)
    began, cpu = time.perf_counter(), time.process_time()
    queue: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue(4 * BATCH)

    async def send() -> None:
        connection = await smtp(smtp_port)
        while (item := await queue.get()) is not None:
            await connection.sendmail("", [item[0]], item[1])
        await connection.quit()

    senders = [asyncio.create_task(send()) for _ in range(CONNECTIONS)]
    uids = await asyncio.to_thread(client.search, "ALL")
    for i in range(0, len(uids), BATCH):
        part = uids[i : i + BATCH]
        got = await asyncio.to_thread(client.fetch, part, ["BODY.PEEK[HEADER]"])
        for uid in part:
            await queue.put(answer(got[uid][HEADER]))
    for _ in senders:
        await queue.put(None)
    await asyncio.gather(*senders)
    print(time.perf_counter() - began, time.process_time() - cpu)


async def idle(imap_port: int, smtp_port: int, user: str) -> None:
    """Answers what comes, one at a time, until standard input ends."""
    client = connect(imap_port, user)
    next_uid = max(client.search("ALL"), default=0) + 1
    connection = await smtp(smtp_port)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    client.capabilities()
    client.idle()
    print("ready", flush=True)
    while not over.is_set():
        if not any(len(r) > 1 and r[1] == b"EXISTS" for r in client.idle_check(timeout=0.2)):
            continue
        client.idle_done()
        for uid, data in sorted(client.fetch(client.search(["UID", f"{next_uid}:*"]), ["BODY.PEEK[HEADER]"]).items()):
            if uid >= next_uid:
                to, raw = answer(data[HEADER])
                await connection.sendmail("", [to], raw)
                next_uid = uid + 1
        client.idle()


def fetch(imap_port: int, user: str) -> None:
    """Reads every letter that is there."""
    client = connect(imap_port, user)
    client._imap.debug = 0  # else imapclient has every literal repr()ed
    began, cpu = time.perf_counter(), time.process_time()
    uids = client.search("ALL")
    for i in range(0, len(uids), BATCH):
        for data in client.fetch(uids[i : i + BATCH], ["BODY.PEEK[]", "INTERNALDATE", "FLAGS"]).values():
            PARSER.parsebytes(data[b"BODY[]"])
    print(time.perf_counter() - began, time.process_time() - cpu)


if __name__ == "__main__":
    if sys.argv[1] == "fetch":
        fetch(int(sys.argv[2]), sys.argv[3])
        sys.exit()
    what, imap_port, smtp_port, user = sys.argv[1:]
    asyncio.run((backlog if what == "backlog" else idle)(int(imap_port), int(smtp_port), user))
