"""`check --connect` on a real Dovecot: everything that is wrong with a server, in one look."""

from pathlib import Path

from tests.e2e.house import House
from tests.lab.dovecot import Dovecot
from tests.lab.sink import Sink


def test_every_folder_that_is_not_there_is_named(tmp_path: Path, dovecot: Dovecot, sink: Sink) -> None:
    house, user = House(tmp_path, dovecot, sink.port), dovecot.new_user()
    house.mailbox(user, "contact", more="    folders: [INBOX, Ordres]\n    sent: Snet\n")
    with dovecot.session(user) as imap:
        imap.create("Orders")
        imap.create("Archive")
    house.rules = "rules:\n  - {name: Everything, reply: acknowledgement, move_to: Archvie}\n"
    house.write()
    said = house.cli("check", "--connect", code=3)
    for wrong, right in (("Ordres", "Orders"), ("Snet", "Sent"), ("Archvie", "Archive")):
        assert f'contact/{wrong}: there is no such folder (did you mean "{right}"?)' in said
    assert "logged in" in said  # to the mail server
    servers = house.json("check", "--connect", code=3)
    assert [bool(one["error"]) for one in servers] == [True, True, True, False]
    house.mailbox(user, "contact", password="open-sesame")
    house.write()
    wrong_password = [one["error"] for one in house.json("check", "--connect", code=3)]
    assert len(wrong_password) == 2, wrong_password
    assert "password" in wrong_password[0]
    assert "open-sesame" not in str(wrong_password)
