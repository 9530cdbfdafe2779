"""The page of `backtest --html`: one file, no script, nothing from elsewhere; light and dark, also on a phone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from html import escape

from babel import Locale, UnknownLocaleError

from autoresponder.cli.charts import STYLE, bars, columns
from autoresponder.cli.reasons import in_words
from autoresponder.cli.tally import Surprising, Tally

KINDS = ("answered", "held", "silent", "quarantined")
WORDS = {"answered": "answered", "held": "held for a person", "silent": "left in silence", "quarantined": "unreadable"}
COLUMNS = 70
"""At most so many are drawn; a longer span gets columns of several days."""


def page(tally: Tally, title: str) -> str:
    """The whole page as HTML."""
    ends = dict.fromkeys(f"{at:%-d %B %Y}" for at in (tally.first, tally.last) if at)
    span = " to ".join(ends) or "no letters"
    days = _days(tally.days)
    cards = [
        _card("Letters over time", _legend(tally) + columns(days, KINDS, "letters over time")),
        _card("By hour of the day", columns(_hours(tally), ("bar",), "letters by hour of the day")),
        _bars("Why silence", in_words(tally.silent), "silent", "Every letter was answered."),
        _bars("Answers by rule", tally.rules, "answered", "No letter was answered."),
        _bars("Silence by rule", tally.quiet_rules, "silent", ""),
        _bars(_language_title(tally), _named(tally.languages), "bar", ""),
    ]
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Backtest: {escape(title)}</title><style>{STYLE}{_LAYOUT}</style></head><body><main>"
        f"<header><h1>What the rules would have done</h1><p>{escape(title)} · {span}</p></header>"
        f'<section class="figures">{_figures(tally)}</section><section class="cards">{"".join(cards)}</section>'
        f"{_surprises(tally.surprises)}"
        "<footer>Every letter decided at the moment of its arrival, with the history of those before it. Nothing was "
        "sent, nothing recorded.</footer></main></body></html>\n"
    )


def _figures(tally: Tally) -> str:
    shown = ("answered", "silent", *(kind for kind in ("held", "quarantined") if tally.what[kind]))
    tiles = [("letters", "bar", tally.letters), *((WORDS[kind], kind, tally.what[kind]) for kind in shown)]
    total = max(tally.letters, 1)
    return "".join(
        f'<div class="figure"><i class="dot {kind}"></i><b>{count:,}</b><span>{escape(words)}'
        + (f" · {count / total:.0%}" if kind != "bar" else "") + "</span></div>"
        for words, kind, count in tiles
    )  # fmt: skip


def _legend(tally: Tally) -> str:
    return '<p class="legend">' + "".join(
        f'<span><i class="dot {kind}"></i>{WORDS[kind]}</span>' for kind in KINDS if tally.what[kind]
    ) + "</p>"  # fmt: skip


def _card(title: str, inner: str) -> str:
    return f"<article><h2>{escape(title)}</h2>{inner}</article>"


def _bars(title: str, counter: Counter[str], kind: str, none: str) -> str:
    if not counter:
        return _card(title, f"<p>{escape(none)}</p>") if none else ""
    rows = counter.most_common(12)
    if rest := counter.total() - sum(n for _, n in rows):
        rows.append(("all others", rest))
    return _card(title, bars(rows, kind, title))


def _named(languages: Counter[str]) -> Counter[str]:
    """Languages by their names; "not known" stays."""
    told: Counter[str] = Counter()
    for tag, count in languages.items():
        try:
            name = Locale.parse(tag, sep="-").get_display_name("en")
        except (ValueError, UnknownLocaleError):
            name = None
        told[name or tag] += count
    return told


def _language_title(tally: Tally) -> str:
    return "Languages" + (" (of a sample)" if tally.sampled < tally.rules.total() else "")


def _hours(tally: Tally) -> list[tuple[str, Mapping[str, int]]]:
    return [(f"{hour}h", {"bar": tally.hours[hour]}) for hour in range(24)]


def _days(days: Mapping[str, Counter[str]]) -> list[tuple[str, Mapping[str, int]]]:
    """Every day (of a long span: every few days) from the first to the last, those without a letter too."""
    if not days:
        return []
    first, last = date.fromisoformat(min(days)), date.fromisoformat(max(days))
    span = (last - first).days + 1
    step = 1 if span <= COLUMNS else 7 * -(-span // (7 * COLUMNS))
    points = {first + timedelta(number): Counter[str]() for number in range(0, span, step)}
    for day, counter in days.items():
        points[first + timedelta((date.fromisoformat(day) - first).days // step * step)].update(counter)
    return [(f"{day:%-d %b}", counter) for day, counter in points.items()]


def _surprises(found: Sequence[Surprising]) -> str:
    if not found:
        return ""
    rows = "".join(
        f'<tr><td><i class="dot {one.what}"></i>{one.what}</td>'
        f"<td><b>{escape(one.sender)}</b><br>{escape(one.subject)}"
        + (f"<br><small>and {one.alike - 1} more like it</small>" if one.alike > 1 else "")
        + f"</td><td>{escape(one.why)}" + (f"<br><small>yet {escape(one.signs)}</small>" if one.signs else "")
        + f"<br><code>{escape(one.letter)}</code></td></tr>"
        for one in found
    )  # fmt: skip
    return (
        '<section class="wide"><h2>Worth a look</h2><p class="legend">People who may have been left without an answer, '
        "and machines that may have got one: look at these letters first. A rule can say otherwise, and "
        f"<code>autoresponder explain</code> shows every step.</p><table>{rows}</table></section>"
    )


_LAYOUT = """
* { box-sizing: border-box; } body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 36px 20px 60px; }
h1 { font-size: 27px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -.01em; }
h2 { font-size: 15px; margin: 0 0 14px; } header p, footer { color: var(--soft); margin: 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 16px; margin: 26px 0 16px; }
.figure, article, .wide { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 18px 20px; }
.figure b { display: block; font-size: 30px; line-height: 1.15; font-variant-numeric: tabular-nums; }
.figure span { color: var(--soft); } .figure .dot { float: right; margin-top: 6px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(480px, 100%), 1fr)); gap: 16px; }
.wide { margin: 16px 0; } svg { display: block; width: 100%; height: auto; }
.dot { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 7px;
  background: var(--bar); }
.dot.answered { background: var(--answered); } .dot.held { background: var(--held); }
.dot.silent { background: var(--silent); } .dot.quarantined { background: var(--quarantined); }
.legend { margin: -6px 0 12px; font-size: 13px; color: var(--soft); } .legend span { margin-right: 18px; }
table { width: 100%; border-collapse: collapse; } td { padding: 10px 14px 10px 0; border-top: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; } tr:first-child td { border-top: 0; }
td:first-child { white-space: nowrap; } td:nth-child(2) { min-width: 250px; }
small, code { color: var(--soft); font-size: 13px; } footer { margin-top: 26px; font-size: 13px; }
@media (max-width: 640px) { td { display: block; border: 0; padding: 2px 0; } tr { display: block;
  border-top: 1px solid var(--line); padding: 10px 0; } }
@media print { body { background: #fff; } article, .wide, .figure { break-inside: avoid; } }
"""
