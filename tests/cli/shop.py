"""A rules.yaml with templates, and an mbox of letters, for the commands that look at letters; no server."""

import shutil
from pathlib import Path

from tests.e2e.house import ROOT

RULES = """\
rules:
  - {name: Invoices, when: {subject: invoice}, reply: invoice}
  - {name: Hush, when: {subject: hush}, reply: false}
  - {name: Everything else, reply: acknowledgement}
"""


class Shop:
    """A folder with rules.yaml."""

    def __init__(self, folder: Path) -> None:
        """Copies the shipped templates."""
        self.folder = folder
        shutil.copytree(ROOT / "templates", folder / "templates")
        self.rules = self.write("rules.yaml")

    def write(self, name: str, rules: str = RULES, mailbox: str = "shop") -> Path:
        """A rule file."""
        path = self.folder / name
        path.write_text(
            f"state: state.db\nbrand: {{name: Shop}}\nmailboxes:\n  {mailbox}:\n    address: shop@example.com\n"
            "    imap: {host: localhost, password: secret}\n    smtp: {host: localhost}\n" + rules
        )
        path.chmod(0o600)
        return path

    def mbox(self, *letters: tuple[int, str, str, str], name: str = "shop.mbox") -> Path:
        """Letters as (day of March 2026, sender, subject, more header lines), in the order given."""
        path, parts = self.folder / name, []
        for number, (day, sender, subject, more) in enumerate(letters, 1):
            parts.append(
                f"From {sender} Mon Mar {day:2} 09:00:00 2026\n"
                f"Received: by mx; {day} Mar 2026 09:00:00 +0000\nFrom: Ana Ruiz <{sender}>\nTo: shop@example.com\n"
                f"Subject: {subject}\nMessage-ID: <{number}@example.net>\n{more}\n"
                "Hello, could you please tell me whether you are open on Saturday? Thank you.\n>From here on: more.\n\n"
            )
        path.write_text("".join(parts))
        return path
