"""Answers with hostile names and subjects, in a real browser: no script runs, and the only link is our own.

The pages are opened from files by a headless Chromium that has no way to the network, with JavaScript on.
"""

import os
import re
import shutil
import subprocess
from dataclasses import replace
from html import escape
from pathlib import Path

from autoresponder.core.address import Address
from tests.answer.house import BOX, NOW, Page, composer, decision, folder_of, library
from tests.core.letters import letter
from tests.lab.machine import Need, require

NEEDS = (Need("chromium", "chromium"),)
MARK = "document.title='owned'"
EVIL = [
    f"<script>{MARK}</script>",
    f"</title></style></script><script>{MARK}</script>",
    f"<img src=x onerror={MARK}>",
    f'"><svg onload={MARK}>',
    f"'-{MARK}-'",
    f'" autofocus onfocus={MARK} x="',
    f"<iframe srcdoc='<script>parent.{MARK}</script>'></iframe>",
    f"[click](javascript:{MARK})",
    f"<javascript:{MARK}>",
    "[click](http://evil.example/)",
    "<http://evil.example/>",
    "![x](http://evil.example/x.png)",
    "http://evil.example/ www.evil.example //evil.example evil@evil.example",
    '<a href="http://evil.example">x</a>',
    '<form action="http://evil.example"><button>x</button></form>',
    '<meta http-equiv="refresh" content="0;url=http://evil.example">',
    '<base href="http://evil.example/">',
    "<style>@import url(http://evil.example/x.css);</style>",
    "<!--<script>", "--><script>" + MARK + "</script>", "]]><script>" + MARK + "</script>",
    f"{{{{ '<script>{MARK}</script>' }}}}",
    f"&lt;script&gt;{MARK}&lt;/script&gt;", f"&#60;script&#62;{MARK}&#60;/script&#62;",
    f"\u202e<script>{MARK}</script>", f"＜script＞{MARK}＜/script＞", f"<scr\0ipt>{MARK}</scr\0ipt>",
]  # fmt: skip
BODY = (
    "{{ salutation }}\n\n{{ sender.name }} {{ sender.first_name }} {{ sender.address }}\n\n"
    "- “{{ original.subject }}”\n\n> **{{ original.subject }}**\n"
)


def browse(html: str, folder: Path) -> str:
    """The page after all of its scripts have run, as HTML."""
    page = folder / "page.html"
    page.write_text(html, "utf-8", "surrogateescape")
    done = subprocess.run(
        [
            shutil.which("chromium") or "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--proxy-server=127.0.0.1:9", "--disable-background-networking", "--disable-dev-shm-usage",
            f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=2000", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, timeout=60, check=False, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    assert b"<html" in done.stdout, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout.decode("utf-8", "replace")


def test_no_script_runs_and_no_foreign_link_is_there(tmp_path: Path) -> None:
    require(NEEDS)
    lib = library(folder_of(tmp_path, a=BODY))
    pages = []
    for evil in EVIL:
        target = Address(evil, "ana@example.net")
        message = replace(letter(), subject=evil, from_=(target,))
        made = composer(lib).compose(decision(message, reply="a"), message, BOX, NOW)
        pages.append(made.html)
    frames = "".join(f'<iframe srcdoc="{escape(page)}"></iframe>' for page in pages)
    # each answer stands in a frame of one page, whose own script then tells what became of them
    report = (
        "<script>addEventListener('load', () => { const all = [document, ...[...document.querySelectorAll('iframe')]"
        ".map(f => f.contentDocument)]; document.body.dataset.titles = JSON.stringify(all.map(d => d.title));"
        " document.body.dataset.links = JSON.stringify(all.flatMap(d => [...d.querySelectorAll("
        "'a[href],area[href],form,base,meta[http-equiv],iframe:not([srcdoc]),object,embed,script')].map(e => e.href ||"
        " e.tagName))); document.body.dataset.count = all.length; })</script>"
    )
    page = f"<!DOCTYPE html><html><head><title>safe</title></head><body>{frames}</body>{report}</html>"
    (body,) = [attrs for tag, attrs in Page(browse(page, tmp_path)).tags if tag == "body"]
    assert body["data-count"] == str(len(EVIL) + 1)
    titles, links = body["data-titles"] or "", body["data-links"] or ""
    assert "owned" not in titles
    assert titles.count("Example Ltd") == len(EVIL)  # each page was there, and kept its own title
    found = set(re.findall(r'"([^"]*)"', links))
    assert found == {"https://example.com/", "SCRIPT"}  # our own link, and the script of this test
    assert links.count("SCRIPT") == 1


def test_the_browser_would_have_run_it(tmp_path: Path) -> None:
    """So that the test above cannot pass because scripts are off."""
    require(NEEDS)
    html = f'<html><head><title>safe</title></head><body>{EVIL[2]}<iframe srcdoc="<script>parent.{MARK}</script>">'
    assert "<title>owned</title>" in browse(html, tmp_path)
