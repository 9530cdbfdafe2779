"""The subject of a letter without what mail programs put before it when one answers or forwards.

Contract: `bare_subject` takes away what Gmail, Outlook, Thunderbird, Apple Mail and Notes write in their languages, as
often as it stands there, behind tags such as `[EXTERN]` too, each of which stays once; words of the writer's
(`Ref: 4711`, `Rental: …`) stay. Never fails.
"""

import re

_SURE = (
    "re|rép|fwd?|aw|antw|antwort|wg|sv|vb|rv|tr|doorst|odp|odg|ynt|[iİı]lt|vá|továbbítás|ats|απ|απαντ|πρθ|σχετ|отв|отг|"
    "пересл|препр|відп|回复|回復|回覆|答复|答覆|转发|轉發|轉寄|返信|転送|회신|답장|전달|"
    "trả lời|chuyển tiếp|ตอบกลับ|ส่งต่อ|رد|الرد|"
    "إعادة توجيه|اعادة توجيه|השב|תגובה|הועבר|העבר"
)
"""Nobody begins a subject of their own with these and a colon; in any case of letters."""
_DOUBTFUL = "R|I|RIF|Rif|RES|ENC|PD|VS|Vs|VL|Vl|FS|BLS|Bls|TRS|Trs|ATB|Atb|YML|PĀRS|НА"
"""Words and abbreviations of other languages as well: written like this only, and not before a number."""
_COUNT = r"(?:\s?\[\d{1,3}\]|\s?\(\d{1,3}\)|[\^*]\d{1,3}|\d{1,2})?"
_PREFIX = re.compile(rf"(?:(?i:{_SURE}){_COUNT}\s*[:：]\s*|(?:{_DOUBTFUL}){_COUNT}\s?[:：](?!\s*[#№]?\d)\s*)+")
_TAGS = re.compile(r"(?:\[[^\[\]]{1,30}\]\s*){1,3}")


def bare_subject(subject: str) -> str:
    """A subject without the `Re:`, `AW:`, `SV:`, `RV:`, `TR:` … that mail programs put before it."""
    tags = ""
    for _ in range(5):
        if found := _PREFIX.match(subject):
            subject = subject[found.end() :]
        if not (found := _TAGS.match(subject)) or not _PREFIX.match(subject, found.end()):
            break
        if found[0] not in tags:
            tags += found[0]
        subject = subject[found.end() :]
    return tags + subject.removeprefix(tags)
