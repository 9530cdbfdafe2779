"""The contact sheet: every answer in every language on one page, each as a mail program shows it.

Each letter stands in a frame of its own, so that its styles and its dark mode are the real ones; frames run no scripts.
A few lines of script outside them make each frame as high as its letter. The page needs nothing from elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer on the sheet. `page` is its whole HTML, logo included."""

    template: str
    language: str
    subject: str
    page: str


def sheet(title: str, answers: Sequence[Shown], *, columns: int = 0) -> str:
    """The page; answers of one template must follow each other. columns: 0 for as many as fit."""
    parts = []
    for name, group in groupby(answers, key=lambda shown: shown.template):
        parts.append(f'<h2>{escape(name)}</h2>\n<div class="row">' + "".join(map(_frame, group)) + "</div>")
    heading = f"{title}: answers" if title else "Answers"
    fit = f"repeat({columns}, 390px)" if columns else "repeat(auto-fill, min(390px, 100%))"
    return _PAGE.format(title=escape(heading), fit=fit, parts="\n".join(parts))


def _frame(shown: Shown) -> str:
    label = escape(f"{shown.template}, {shown.language}")
    return (
        f"<figure><figcaption><b>{escape(shown.language)}</b> {escape(shown.subject)}</figcaption>"
        f'<iframe title="{label}" sandbox="allow-same-origin" srcdoc="{escape(shown.page)}"></iframe></figure>\n'
    )


_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ margin: 0; padding: min(32px, 4vw); font: 15px/22px system-ui, sans-serif; }}
body {{ background: light-dark(#dfe3e8, #050607); }}
h1 {{ margin: 0 0 8px; font-size: 26px; line-height: 34px; }}
h2 {{ margin: 36px 0 14px; font-size: 19px; }}
.row {{ display: grid; grid-template-columns: {fit}; gap: 24px; align-items: start; }}
figure {{ margin: 0; }}
figcaption {{ margin: 0 0 6px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }}
figcaption b {{ display: inline-block; min-width: 32px; }}
iframe {{ display: block; width: 100%; height: 700px; border: 0; border-radius: 10px; background: #fff; }}
</style>
</head>
<body>
<h1>{title}</h1>
{parts}
<script>
function fit(frame) {{ frame.style.height = frame.contentDocument.documentElement.scrollHeight + 'px'; }}
for (const frame of document.querySelectorAll('iframe')) {{
  frame.style.height = '100px';
  if (frame.contentDocument && frame.contentDocument.readyState === 'complete') fit(frame);
  frame.addEventListener('load', () => fit(frame));
}}
</script>
</body>
</html>
"""
