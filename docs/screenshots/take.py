"""`make screenshots`: the sample answers as Chromium shows them, on a phone and on a desk, by day and by night.

Every picture is of the letter itself, rendered by `preview`'s own code from rules.yaml and templates/, at a fixed
moment, so that it changes only when the answers do. Needs Chromium (or Chrome) and Pillow; exits 1 without a browser.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont

from autoresponder.cli.preview import Previewer, every
from autoresponder.cli.sheet import sheet

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NOW = "2026-11-20T17:20"
"""A Friday afternoon, after the office of rules.yaml has closed."""
SEASON = """
seasons:
  - name: Christmas
    date: 12-20..01-06
    text: A merry Christmas and a happy new year from all of us!
    colour: "#7a1f2b"
"""
PHONE, DESK = 390, 700
MAX_BYTES = 150_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--hide-scrollbars", "--virtual-time-budget=4000",
)  # fmt: skip
EDGE = (255, 0, 255)
"""What is around a letter in the browser's window, and is cut off."""
PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>body {{ margin: 0; background: #f0f; }}
iframe {{ display: block; border: 0; width: {width}px; height: 100px; }}</style>
<iframe srcdoc="{letter}" onload="this.style.height = this.contentDocument.documentElement.scrollHeight + 'px'">
</iframe>"""


class Camera:
    """One browser, one picture at a time."""

    def __init__(self, browser: str, folder: Path) -> None:
        """`folder` is for pages and profiles that nobody keeps."""
        self._browser, self._folder = browser, folder

    def letter(self, html: str, width: int, *, dark: bool = False) -> Image.Image:
        """A letter as a mail program of that width shows it."""
        shot = self.page(PAGE.format(width=width, letter=escape(html)), width, 1400, dark=dark)
        return shot.crop(ImageChops.difference(shot, Image.new("RGB", shot.size, EDGE)).getbbox())

    def page(self, html: str, width: int, height: int, *, dark: bool = False) -> Image.Image:
        """A page in a window of that size."""
        page, picture = self._folder / "page.html", self._folder / "page.png"
        page.write_text(html, "utf-8")
        scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
        where = (f"--user-data-dir={self._folder / 'profile'}", f"--screenshot={picture}")
        subprocess.run(  # noqa: S603 - a browser from PATH, a page of our own
            [self._browser, *FLAGS, scheme, *where, f"--window-size={width},{height}", page.as_uri()],
            check=True, timeout=90, capture_output=True,
        )  # fmt: skip
        with Image.open(picture) as image:
            return image.convert("RGB")


def logo(path: Path) -> None:
    """A logo for the sample company: a mark and its name, dark on nothing, as logos often come."""
    image = Image.new("RGBA", (372, 88), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((4, 4, 83, 83), 20, fill="#0b5fff")
    draw.line((22, 34, 44, 54, 66, 34), fill="white", width=9, joint="curve")
    draw.text((102, 44), "Example", fill="#1f2328", anchor="lm", font=ImageFont.load_default(54))
    image.save(path)


def house(folder: Path, *, with_logo: bool = False, more: Path | None = None, keys: str = "") -> Path:
    """The sample rules.yaml and templates in a folder of their own, with the templates of another folder, too, and
    more keys."""
    shutil.copytree(ROOT / "templates", folder / "templates")
    if more:
        shutil.copytree(more, folder / "templates", dirs_exist_ok=True)
    text = (ROOT / "rules.yaml").read_text("utf-8")
    if with_logo:
        logo(folder / "logo.png")
        text = text.replace("  name: Example Ltd\n", "  name: Example Ltd\n  logo: logo.png\n")
    rules = folder / "rules.yaml"
    rules.write_text(text + keys, "utf-8")
    return rules


def pictures(camera: Camera, folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """(name, picture) of every picture there is."""
    desk = Previewer(house(folder / "logo", with_logo=True), now=NOW)
    page = desk.book.composer.page(desk.answer("acknowledgement", language="en"))
    for where, width in (("desktop", DESK), ("phone", PHONE)):
        for light in ("light", "dark"):
            yield f"{where}-{light}", camera.letter(page, width, dark=light == "dark")
    hebrew = Previewer(house(folder / "hebrew", more=HERE / "templates"), now=NOW)
    page = hebrew.book.composer.page(hebrew.answer("acknowledgement", language="he"))
    yield "right-to-left", beside([camera.letter(page, DESK), camera.letter(page, PHONE, dark=True)])
    christmas = Previewer(house(folder / "season", with_logo=True, keys=SEASON), now="2026-12-22T11:00")
    page = christmas.book.composer.page(christmas.answer("acknowledgement", language="en"))
    yield "season", beside([camera.letter(page, DESK), camera.letter(page, PHONE, dark=True)])
    plain = Previewer(house(folder / "plain"), now=NOW)
    for name, group in groupby(every(plain), key=lambda shown: shown.template):
        shot = camera.page(sheet("Example Ltd", list(group), columns=6), 2530, 1800)
        bottom = ImageChops.difference(shot, Image.new("RGB", shot.size, shot.getpixel((1, 1)))).getbbox()
        shot = shot.crop((0, 0, shot.width, (bottom or (0, 0, 0, shot.height))[3] + 30))
        yield f"sheet-{name}", shot.resize((shot.width // 2, shot.height // 2), Image.Resampling.LANCZOS)


def beside(images: Sequence[Image.Image]) -> Image.Image:
    """Pictures side by side, on white."""
    whole = Image.new(
        "RGB", (sum(i.width for i in images) + 24 * (len(images) - 1), max(i.height for i in images)), "white"
    )
    x = 0
    for image in images:
        whole.paste(image, (x, 0))
        x += image.width + 24
    return whole


def save(name: str, image: Image.Image) -> int:
    """A PNG of at most `MAX_BYTES`, with as many colours as that allows."""
    path = HERE / f"{name}.png"
    for colours in (256, 128, 64, 32, 16):
        image.quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size < MAX_BYTES:
            break
    return path.stat().st_size


def main() -> int:
    """Takes all of them."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.stderr.write(f"there is no browser: install one of {', '.join(BROWSERS)}\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        for name, image in pictures(Camera(browser, Path(folder)), Path(folder)):
            sys.stdout.write(
                f"docs/screenshots/{name}.png  {image.width} x {image.height}, {save(name, image) // 1000} kB\n"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
