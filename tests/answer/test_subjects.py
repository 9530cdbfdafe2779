"""What mail programs write before a subject goes; what people write stays."""

import pytest

from autoresponder.answer.subjects import bare_subject

PREFIXES = """
Gmail|Re: Hello, Fwd: Hello, Re: Fwd: Hello
Outlook en|RE: Hello, FW: Hello, RE: RE: FW: Hello
Outlook de|AW: Hallo, WG: Hallo, AW: WG: AW: Hallo
Outlook es, gl, ca|RE: Hola, RV: Hola, Rv: Hola
Outlook fr|RE: Bonjour, TR: Bonjour
Outlook.com fr|RE : Bonjour, TR : Bonjour
Outlook it|R: Ciao, I: Ciao, R: I: R: Ciao
Outlook nl|RE: Hallo, Antw: Hallo, Doorst: Hallo
Outlook pt-BR|RES: Olá, ENC: Olá, RES: ENC: RES: Olá
Outlook pl|ODP: Witam, PD: Witam, Odp: Witam
Outlook sv|SV: Hej, VB: Hej, Sv: Hej
Outlook da, nb|SV: Hej, VS: Hej, Vs: Hej
Outlook fi|VS: Hei, VL: Hei
Outlook is|SV: Halló, FS: Halló
Outlook tr|YNT: Merhaba, İLT: Merhaba, Ynt: Merhaba, ilt: Merhaba
Outlook el|ΑΠ: Γεια, ΠΡΘ: Γεια, Απ: Γεια
Outlook hu|VÁ: Szia, Továbbítás: Szia
Outlook bg|Отг: Здравейте, Препр: Здравейте
Outlook ru|НА: Привет, Пересл: Привет, RE: Привет
Outlook he|השב: שלום, העבר: שלום, תגובה: שלום
Outlook ar|رد: مرحبا, إعادة توجيه: مرحبا
Outlook zh|回复: 你好, 转发: 你好, 答复: 你好, 回覆: 你好, 轉寄: 你好, 答覆：你好
Outlook ja|返信: こんにちは, 転送: こんにちは, RE: こんにちは
Outlook ko|회신: 안녕하세요, 전달: 안녕하세요, RE: 안녕하세요
Outlook vi, th|Trả lời: Xin chào, Chuyển tiếp: Xin chào, ตอบกลับ: สวัสดี
Outlook id, lv, cy|BLS: Halo, TRS: Halo, ATB: Labdien
Thunderbird|Re: Hello, Fwd: Hello, Antw: Hello, Re:Hello
Apple Mail|Re: Hello, Fwd: Hello, Rif: Hello, Rép : Bonjour
Notes|Antwort: Hello, RIF: Hello, Re: Antwort: WG: Hello
The Bat!|Re[2]: Hello, RE[12]: Hello, Re(3): Hello, Re[2]: Re[5]: Hello
old programs|Re^2: Hello, Re2: Hello, Re*3: Hello, re:re:re: Hello
mixed|RE: AW: SV: RV: TR: Re[2]: Antw: Hello, Re: 回复：Hello, R: RE: Hello
"""
ROWS = [
    (program, subject.strip())
    for line in PREFIXES.strip().splitlines()
    for program, _, subjects in [line.partition("|")]
    for subject in subjects.split(",")
]
GREETINGS = (
    """
Hello|Hallo|Hola|Bonjour|Ciao|Olá|Witam|Hej|Hei|Halló|Merhaba|Γεια|Szia|Здравейте|Привет|שלום|مرحبا|你好|こんにちは|안녕하세요
สวัสดี|Xin chào|Halo|Labdien
""".strip()
    .replace("\n", "|")
    .split("|")
)


@pytest.mark.parametrize(("program", "subject"), ROWS)
def test_prefixes_go(program: str, subject: str) -> None:
    assert bare_subject(subject) in GREETINGS, program


KEPT = """
Report: 5|Refund: 5|Rental: a flat|Ref: 4711|Réf. : 4711|Ref. 4711|Rif: 4711|R: 2 rooms|I: 3|RES: 12 nights|PD: 4
VS: 3:1|Res: for two|Enc: my papers|i: me and you|r: what is it?|pd: hello|Regarding: order|Reply: please
Reminder: invoice|Forward: march|Free: tickets|Aww: cute|Retour : 12|Hello Re: you|Hello AW: you|Re Hello|RE Hello|Re
Re.|re-sent: hello|TRX: price|SVG: logo|Antwort auf: alles|Fwd|12: Re|[Shop] Hello|[Re: x] Hello|http://re: x|A: B
Q: why?
"""


@pytest.mark.parametrize("subject", ["", *KEPT.strip().replace("\n", "|").split("|")])
def test_words_of_the_writer_stay(subject: str) -> None:
    assert bare_subject(subject) == subject


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Re:", ""),
        ("Re:" * 100, ""),
        ("[EXTERN] AW: Angebot", "[EXTERN] Angebot"),
        ("Re: [EXTERN] AW: [shop] RE: Angebot", "[EXTERN] [shop] Angebot"),
        ("Re: [Ticket 12] Angebot", "[Ticket 12] Angebot"),
        ("[EXTERN] AW: [EXTERN] Angebot", "[EXTERN] Angebot"),
        ("[EXTERN] Re: [EXTERN] AW: [EXTERN] Angebot", "[EXTERN] Angebot"),
        ("[External Email] [Bulk] Re: Offer", "[External Email] [Bulk] Offer"),
        ("Re: Ref: 4711", "Ref: 4711"),
        ("Re: R: 2 rooms", "R: 2 rooms"),
        ("Re: [a] Re: [b] Re: [c] hello", "[a] [b] [c] hello"),
    ],
)
def test_tags_and_repetitions(subject: str, bare: str) -> None:
    assert bare_subject(subject).split() == bare.split()


def test_a_thousand_of_them_take_no_time() -> None:
    assert len(bare_subject("[a] Re: " * 125)) < 1_000
    assert bare_subject("Re" * 500) == "Re" * 500
    assert bare_subject("R" + " " * 990 + ":") == "R" + " " * 990 + ":"
