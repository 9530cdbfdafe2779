"""What `check` says of the days to come, so that an owner sees which closed days are missing."""

import json
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autoresponder.cli import main
from autoresponder.cli.days import Run, lines, objects, offices_of, outlook
from autoresponder.config.build import load_settings
from autoresponder.config.holidays import HolidayCalendar
from autoresponder.core.calendar import Office
from tests.cli.shop import Shop

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=ZoneInfo("Europe/Madrid"))  # a Sunday
OFFICE = """\
office:
  timezone: Europe/Madrid
  hours: {mon-fri: 09:00-17:00}
  holidays: {country: ES, region: MD, closed: [12-24, 2027-08-02..2027-08-31, 2026-11-29]}
  special:
"""
RULES = "rules: [{name: All, reply: acknowledgement}]\n"


def offices(folder: Path, special: str, office: str = OFFICE) -> dict[Office, list[str]]:
    """Those of a rules.yaml with these special hours."""
    path = Shop(folder).write(
        "rules.yaml", office + "".join(f"    - {{{one}}}\n" for one in special.split("; ")) + RULES
    )
    settings = load_settings(path, environ={})
    return dict(offices_of(settings.policy.mailboxes.values()))


def test_closed_days_are_named_and_neighbours_are_one(tmp_path: Path) -> None:
    (office,) = offices(tmp_path, "date: 2026-12-08, hours: 11:00-14:00")
    assert [str(run) for run in outlook(office, NOW.date()).closed] == [
        "Mon 7 Dec Lunes siguiente a Día de la Constitución Española",  # on the 8th it is open
        "Thu 24–Fri 25 Dec Natividad del Señor",
        "Fri 1 Jan Año Nuevo",
        "Wed 6 Jan Epifanía del Señor",
        "Fri 19 Mar San José",
        "Thu 25–Fri 26 Mar Jueves Santo + Viernes Santo",
        "Mon 3 May Lunes siguiente a Fiesta de la Comunidad de Madrid",  # 1 May is a Saturday, 29 November a Sunday
        "Mon 2–Tue 31 Aug",
        "Tue 12 Oct Fiesta Nacional de España",
        "Mon 1 Nov Todos los Santos",
    ]


@pytest.mark.parametrize(
    ("special", "today", "said", "over"),
    [
        ("date: 12-31, hours: closed", "2026-11-22", "Thu 31 Dec closed", ""),
        ("date: 12-31, hours: [09:00-12:00, 22:00-24:00]", "2026-11-22", "Thu 31 Dec 09:00-12:00 22:00-24:00", ""),
        ("date: 12-31, hours: closed", "2027-01-01", "Fri 31 Dec closed", ""),
        ("date: 06-15..09-15, hours: {mon-thu: 08:00-15:00, fri: 08:00-14:00, sun: closed}", "2026-11-22",
         "Tue 15 Jun–Wed 15 Sep mon-thu 08:00-15:00, fri 08:00-14:00, sun closed", ""),
        ("date: 06-15..09-15, hours: {mon-fri: 08:00-15:00}", "2027-07-01",
         "Thu 1 Jul–Wed 15 Sep mon-fri 08:00-15:00", ""),
        ("date: 2027-02-01..2027-02-05, hours: 08:00-15:00", "2026-11-22", "Mon 1–Fri 5 Feb 08:00-15:00", ""),
        ("date: 12-01..12-20, hours: {sun: 10:00-14:00}", "2026-11-22", "Sun 6–Sun 20 Dec sun 10:00-14:00", ""),
        ("date: [12-31, 2026-12-30], hours: closed", "2026-11-22", "Wed 30 Dec closed; Thu 31 Dec closed", ""),
        ("date: [12-31, 2026-06-30..2026-07-02], hours: closed", "2026-11-22", "Thu 31 Dec closed",
         "2026-06-30..2026-07-02"),
        ("date: 2026-11-22, hours: 10:00-14:00", "2026-11-22", "Sun 22 Nov 10:00-14:00", ""),
        ("date: 2026-11-22, hours: 10:00-14:00", "2026-11-23", "", "2026-11-22"),
        ("date: 2028-11-22, hours: 10:00-14:00", "2026-11-23", "", ""),  # that far nobody looks
        ("date: 12-30, hours: closed; date: 2026-12-30, hours: 9-10", "2026-11-22", "Wed 30 Dec closed", ""),
    ],
)  # fmt: skip
def test_special_hours_that_come_next(tmp_path: Path, special: str, today: str, said: str, over: str) -> None:
    (office,) = offices(tmp_path, special)
    found = outlook(office, date.fromisoformat(today))
    assert "; ".join(map(str, found.special)) == said
    assert ", ".join(found.over) == over


def test_a_run_over_new_year_names_both_months() -> None:
    assert str(Run(date(2026, 12, 21), date(2027, 1, 3), "")) == "Mon 21 Dec–Sun 3 Jan"
    assert str(Run(date(2026, 12, 21), date(2027, 12, 21), "long")) == "Mon 21 Dec–Tue 21 Dec long"
    assert str(Run(date(2026, 12, 8), date(2026, 12, 8), "\x1b[31mred")) == "Tue 8 Dec [31mred"


def test_two_lines_an_office(tmp_path: Path) -> None:
    found = offices(tmp_path, "date: 2026-12-31, hours: 09:00-13:00; date: 2026-01-05, hours: closed")
    first, second = lines(found, NOW)
    assert first.startswith("closed: Mon 7–Tue 8 Dec Lunes siguiente")
    assert first.endswith(", Fri 19 Mar San José, Thu 25–Fri 26 Mar Jueves Santo + Viernes Santo … 4 more")
    assert second == "special: Thu 31 Dec 09:00-13:00; over: 2026-01-05"
    (whole,) = objects(found, NOW)
    assert (whole["office"], whole["timezone"], len(whole["closed"])) == (["shop"], "Europe/Madrid", 10)
    assert whole["special"] == [{"first": "2026-12-31", "last": "2026-12-31", "hours": "09:00-13:00"}]
    assert whole["over"] == ["2026-01-05"]


def test_each_office_says_whose_it_is_and_one_that_never_closes_nothing(tmp_path: Path) -> None:
    (common,) = offices(tmp_path, "date: 12-31, hours: closed")
    night = Office(common.zone, holiday=HolidayCalendar(), always_open=True)
    same = Office(common.zone, (((time(0), time(0)),),) * 7, holiday=HolidayCalendar())
    bare = Office(common.zone, (((time(9), time(14)),),) * 7, holiday=HolidayCalendar())
    found = {common: ["a", "b", "c", "d"], night: ["night"], same: ["same"], bare: ["bare"]}
    assert [line.partition(":")[0] for line in lines(found, NOW)] == [
        "closed (a, b, c and 1 more)",
        "special (a, b, c and 1 more)",
        "closed (bare)",
    ]
    assert [one["office"] for one in objects(found, NOW)] == [["a", "b", "c", "d"], ["bare"]]
    *_, last = lines(found, NOW)
    assert last == "closed (bare): no holidays in the year ahead (name them, such as holidays: {country: ES})"


def test_check_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop(tmp_path)
    shop.write("rules.yaml", OFFICE + "    - {date: 12-24, hours: 09:00-12:00}\n" + RULES)
    assert main(["-c", str(shop.rules), "check"]) == 0
    well, closed, special = capsys.readouterr().out.splitlines()
    assert well.startswith("well: ")
    assert closed.startswith("closed: ")
    assert special.startswith("special: ")
    assert special.endswith(" 24 Dec 09:00-12:00")
    assert main(["-c", str(shop.rules), "check", "--json"]) == 0
    (office,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert office["special"][0]["hours"] == "09:00-12:00"
    assert {"first", "last", "name"} == office["closed"][0].keys()
