"""The letters that a backtest replays: of mailboxes, over IMAP and read-only, or of files; in the order of arrival.

Contract: of each letter only its place and date are held in memory, and of the letters themselves the next few
hundred. Folders are opened with EXAMINE and read with BODY.PEEK (`mail.imap`), so nothing on the server changes.
Several folders have a connection each, and their letters come merged. Fails with `ConfigError` (a file) or
`RemoteError` (a server).
"""

import heapq
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import attrgetter

from autoresponder.cli.letters import Spot, spots
from autoresponder.config.settings import Account
from autoresponder.core.message import Arrival, Outline

CHUNK = 200
"""Letters that are fetched ahead."""
SPARE = 5_000
"""Messages more than twice those wanted whose dates are asked for: a letter that was moved here has a high UID and may
be old."""
A_DAY = timedelta(days=1)
"""Further back that a search by date begins: SINCE means the days of the server's own time zone."""


@dataclass(frozen=True, slots=True)
class Old:
    """One letter of the past. `mailbox` is "" where only the letter itself can tell whose it is (files)."""

    name: str  # the file, or mailbox/folder#UID
    arrived: datetime
    raw: bytes
    size: int  # octets of the whole
    mailbox: str = ""
    folder: str = "INBOX"
    uidvalidity: int = 1
    uid: int = 1
    flags: frozenset[str] = frozenset()
    outline: Outline | None = None
    broken: str = ""  # why it could not be fetched

    def arrival(self, mailbox: str) -> Arrival:
        """Where and when it was found, as a letter of that mailbox."""
        return Arrival(mailbox, self.folder, self.uidvalidity, self.uid, self.arrived, self.flags)


@dataclass(frozen=True, slots=True)
class Span:
    """How much of the past is wanted: letters since a moment, the last so many, or both; None: no bound."""

    since: datetime | None = None
    most: int | None = None


class Past:
    """Letters in the order of arrival, and how many there are."""

    def __init__(self, total: int, letters: Iterator[Old]) -> None:
        """`total`: how many `letters` gives, unless some disappear meanwhile."""
        self.total, self.letters = total, letters


def of_files(paths: list[str], span: Span) -> Past:
    """The letters in files. Looks at every header first, for the order."""
    dated = sorted(((spot.arrived(), number, spot) for number, spot in enumerate(spots(paths))), key=lambda d: d[:2])
    wanted = [(arrived, spot) for arrived, _, spot in dated if span.since is None or arrived >= span.since]
    wanted = wanted[-span.most :] if span.most is not None else wanted
    return Past(len(wanted), (_of_file(arrived, spot) for arrived, spot in wanted))


def _of_file(arrived: datetime, spot: Spot) -> Old:
    return Old(spot.name, arrived, spot.read(), spot.size)


def of_mailboxes(accounts: Sequence[Account], span: Span, stack: ExitStack) -> Past:
    """The letters in the folders of these mailboxes; the sessions are closed by `stack`."""
    sources = [_Folder(account, folder, stack) for account in accounts for folder in account.folders]
    dated = [source.dated(span) for source in sources]
    if span.most is not None:
        dated = _newest(dated, span.most)
    streams = (source.letters([uid for _, uid in some]) for source, some in zip(sources, dated, strict=True) if some)
    return Past(sum(map(len, dated)), _ahead(heapq.merge(*streams, key=attrgetter("arrived"))))


def _ahead(letters: Iterator[Old]) -> Iterator[Old]:
    """The same letters; a thread fetches the next ones while these are decided."""

    def some() -> list[Old]:
        return list(islice(letters, CHUNK))

    with ThreadPoolExecutor(1) as fetcher:
        coming = fetcher.submit(some)
        while chunk := coming.result():
            coming = fetcher.submit(some)
            yield from chunk


_Dated = list[tuple[datetime, int]]


def _newest(dated: list[_Dated], most: int) -> list[_Dated]:
    """The last `most` letters over all folders."""
    merged = heapq.merge(
        *([(at, number) for at, _ in reversed(some)] for number, some in enumerate(dated)), reverse=True
    )
    share = [0] * len(dated)
    for _, number in islice(merged, most):
        share[number] += 1
    return [some[len(some) - count :] for some, count in zip(dated, share, strict=True)]


class _Folder:
    """One folder of one mailbox, opened read-only."""

    def __init__(self, account: Account, folder: str, stack: ExitStack) -> None:
        self._mailbox, self._folder = account.name, folder
        from autoresponder.mail.imap import Session  # only where a server is asked: files start at once

        self._session = Session(account.imap, account.name)
        stack.callback(self._session.close)
        self._session.connect()
        self._uidvalidity = self._session.select(folder).uidvalidity

    def dated(self, span: Span) -> _Dated:
        """Date and UID of the letters that may be wanted, in the order of arrival."""
        uids = self._session.uids_since((span.since - A_DAY).date()) if span.since else self._session.uids_from(1)
        if span.most is not None:
            uids = uids[-(2 * span.most + SPARE) :]
        dated = [(at.astimezone(UTC), uid) for at, uid in self._session.arrivals(uids)]  # which shares its zone
        return [one for one in dated if span.since is None or one[0] >= span.since]

    def letters(self, uids: list[int]) -> Iterator[Old]:
        """These letters, a batch at a time."""
        place = f"{self._mailbox}/{self._folder}"
        for one in self._session.fetch(uids):
            yield Old(
                f"{place}#{one.uid}", one.arrived, one.raw, one.size, self._mailbox, self._folder, self._uidvalidity,
                one.uid, one.flags, one.outline, one.broken,
            )  # fmt: skip


def one_letter(account: Account, folder: str, uid: int) -> Old | None:
    """One letter of a server; None when there is none with this UID."""
    with ExitStack() as stack:
        return next(_Folder(account, folder, stack).letters([uid]), None)
