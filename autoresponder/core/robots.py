"""Addresses that are no persons': daemons, lists, no-reply addresses and roles, told by their local part.

Pure; every local part is expected in lower case. Names of people are left out on purpose: several roles are surnames.
"""

import re

_NO_REPLY = (
    r"no[-._]?repl(?:y|ies)|do[-._]?not[-._]?reply|dont[-._]?reply|no[-._]?answer|no[-._]?responder?|no[-._]?contestar?"
    r"|no[-._]?respondas?|nao[-._]?respond[ae]r?|n(?:icht|ich)[-._]?antworten|keine[-._]?antwort|nichtantworten"
    r"|ne[-._]?pas[-._]?repondre|nepasrepondre|pas[-._]?de[-._]?reponse|non[-._]?rispondere|no[-._]?risposta"
    r"|niet[-._]?(?:be)?antwoorden|geen[-._]?antwoord|nie[-._]?odpowiada[cj]|svar[-._]?(?:ej|ikke|inte)|inte[-._]?svara"
    r"|ikke[-._]?svar|ei[-._]?vastata|ez[-._]?erantzun|no[-._]?respon(?:gu|dre)|nu[-._]?raspunde|neodpovidat|noreplay"
)
_NO_REPLY_WORD = re.compile(rf"(?<![a-z0-9])(?:{_NO_REPLY})|noreply|donotreply")
_DAEMON = re.compile(
    rf"{_NO_REPLY_WORD.pattern}|(?<![a-z0-9])(?:unmonitored|unattended|undisclosed)|mailer?[-._]?daemon|post[-._]?master|(?:^|[-._+])(?:mdaemon|daemon)$"
    r"|auto[-._]?(?:reply|respon[a-z]*|answer|mail(?:er)?|antwort)(?![a-z])|^bounces?(?:$|[-+=])"
    r"|^(?:bounced|ndr|dsn|mta|imss|mail[-._]?system|mail[-._]?subsystem|devnull|vacation|virus(?:alert|scan|wall)?)$"
    r"|mail[-._]?delivery|delivery[-._]?(?:sub)?system|returned[-._]?mail|^undeliver|^e500_smtp|anti[-._]?virus"
    r"|^microsoftexchange[0-9a-f]{8}|^(?:calendar|drive-shares)[-._]?no|^fetchmail|^system[-._]?administrator$"
)
_LISTY = re.compile(
    r"^owner[-._]|[-._+](?:request|requests|bounces?|errors|owner-[0-9]+)$|[-._+]bounces?[-+=]|[-._]return-[0-9]+-"
    r"|[+](?:owner|admin|subscribe|unsubscribe|confirm)$|-(?:un)?subscribe$|-(?:join|leave)$"
    r"|[+](?:bounces|subrelease|confirm|unsub|sub)[-+]"
    r"|^(?:list[-._]?serv|listproc|majordomo|mailman|ezmlm|sympa|smartlist|listmaster|lyris|petidomo)(?:$|[-._+])"
)
_BOUNCE_BOX = re.compile(r"^bounces?(?:$|[-+=._0-9])")
_ROLES = frozenset(
    ("root", "nobody", "null", "uucp", "usenet", "hostmaster", "www", "wwwrun", "wwwdata", "apache", "nginx", "httpd",
     "anacron", "nagios", "icinga", "zabbix", "munin", "monit", "monitor", "monitoring", "prometheus", "grafana",
     "alertmanager", "backup", "backups", "system", "digest", "promo", "promotions", "robot", "bot", "arf", "jira",
     "gitlab", "github", "git", "bugzilla", "trac", "redmine", "confluence", "jenkins", "buildbot", "fax", "faxserver",
     "scanner", "scan", "copier", "printer", "kopierer", "drucker", "impresora", "synology", "mailer", "news", "avisos",
     "alarm", "alarmas", "asterisk", "freepbx", "pbx", "nas", "ups", "ebill", "unattended")
)  # fmt: skip
"""Whole local parts, but for numbers: several of these are surnames as well."""
_ROLE_WORDS = frozenset(
    ("abuse", "webmaster", "notification", "notifications", "notify", "notifier", "notificacion", "notificaciones",
     "benachrichtigung", "alert", "alerts", "alerta", "alertas", "newsletter", "newsletters", "mailings", "boletin",
     "boletines", "cron", "logwatch", "automated", "dmarc", "tlsrpt", "fbl", "feedbackloop", "voicemail", "efax",
     "smtp", "scan2mail")
)  # fmt: skip
"""Words that make a role of any local part they begin or end."""
_NOT_LETTERS = re.compile(r"[^a-z]+")
_WRAPPED = re.compile(r"(?:srs[01]=.*=([^=]+)|prvs=[^=/]+=(.+)|btv1==[^=]+==(.+))\Z")


def unwrapped(local: str) -> str:
    """The local part inside an SRS or BATV envelope sender."""
    match = _WRAPPED.match(local)
    return (match[1] or match[2] or match[3]) if match else local


def machine(local: str, domain: str) -> str:
    """What kind of machine an address belongs to, "" for a person's. `local` in lower case."""
    if _DAEMON.search(local) or "noreply" in domain or "no-reply." in domain:
        return "a mail system or a no-reply address"
    return "a mailing list" if _LISTY.search(local) else ""


def only_no_reply(local: str) -> bool:
    """Whether a (lower-case) local part says that nobody reads it, and no more: `noreply+17`, not `noreply-bounces`."""
    rest = _NO_REPLY_WORD.sub("", local)
    return rest != local and not machine(rest, "")


def is_bounce_box(local: str) -> bool:
    """Whether it is where a mailing service wants its bounces (`bounces+17`, VERP)."""
    return bool(_BOUNCE_BOX.match(local))


def is_role(local: str) -> bool:
    """Whether a program, a device or a function has it, and no person (RFC 2142 among others)."""
    words = _NOT_LETTERS.sub(" ", local).split()
    return bool(words) and ("".join(words) in _ROLES or words[0] in _ROLE_WORDS or words[-1] in _ROLE_WORDS)
