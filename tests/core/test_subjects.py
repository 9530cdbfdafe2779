"""Subjects of automatic replies, as programs write them in many languages, and people's that look alike.

Prefixes are those of Exchange and Outlook (“Automatische Antwort:”, before 2010 “Abwesenheitsnotiz:”), HCL Notes
(“AUTO: Ana Ruiz is out of the office”), Thunderbird and webmail vacation filters, cPanel, Zimbra, Yahoo, Proton, and of
ticket systems (Zendesk, Freshdesk, osTicket, Request Tracker, Zammad), with their spacing and punctuation. Nothing but
the subject tells here: no header says that a program wrote.
"""

import pytest

from autoresponder.core.decide import decide, read
from autoresponder.core.history import History
from autoresponder.core.message import Arrival
from autoresponder.core.policy import Mailbox, Policy
from autoresponder.core.rules import Rule
from tests.core.letters import NOW, letter

POLICY = Policy(
    {"contact": Mailbox("contact", "contact@example.com")},
    (Rule("All", reply="acknowledgement"),),
    own=frozenset({"contact@example.com"}),
)

MACHINES: dict[str, str] = {
    "en": """
Automatic reply: Twenty chairs
Automatic Reply : Twenty chairs
AUTOMATIC REPLY: TWENTY CHAIRS
Auto-Reply: Twenty chairs
Autoreply: Twenty chairs
Auto Response: Re: Twenty chairs
[EXTERNAL] Automatic reply: Twenty chairs
EXTERNAL: Automatic reply: Twenty chairs
Out of Office: Twenty chairs
Out of Office AutoReply: Twenty chairs
Out of office until 5 May
Out of the office until Monday
AUTO: Ana Ruiz is out of the office (returning 05/01/2026)
Ana Ruiz/Sales/ACME is out of the office.
Ana Ruiz is out of office until Monday
I'm out of the office
Auto: Re: Twenty chairs
Yahoo! Auto Response
Vacation reply
[Request received] Twenty chairs
Ticket Received - Twenty chairs
[shop.example #33575] AutoReply: Twenty chairs
Thanks for your inquiry (Twenty chairs)
Undeliverable: Twenty chairs
Undeliverable mail
Undeliverable
Out-of-office: Twenty chairs
Out of office this week
Automatic reply: But where are my chairs
Automatic reply: Could you send an invoice
Automatic reply - could you send an invoice
Thank you for your message
Thank you for contacting Acme Chairs
We have received your support request
We've received your message
""",
    "de": """
Automatische Antwort: Stühle
Automatische Antwort : Stühle
AUTOMATISCHE ANTWORT: Stühle
Automatische Rückantwort: Stühle
Abwesenheitsnotiz: Stühle
Abwesenheitsnotiz
Abwesenheitsnotiz: bis 10h, 3.8.
Abwesenheitsnotiz (Stühle)
Abwesenheitsnotiz vom 3. bis 17. August
Abwesenheitsnachricht – Stühle
Autoantwort: Stühle
Max Muster ist außer Haus.
Max Muster ist nicht im Büro (Rückkehr am 03.05.2026)
Außer Haus: Stühle
Eingangsbestätigung: Ihre Anfrage
Ihre Anfrage ist eingegangen
Vielen Dank für Ihre Nachricht
Unzustellbar: Stühle
Gelesen: Stühle
""",
    "fr": """
Réponse automatique : chaises
Réponse automatique\u00a0: chaises
Réponse automatique: chaises
REPONSE AUTOMATIQUE : chaises
Absence du bureau : chaises
Absence du bureau
Message d’absence : chaises
Absent(e) du bureau : chaises
Ana Ruiz est absent(e) du bureau (retour le 03/05/2026)
Accusé de réception : chaises
Nous avons bien reçu votre message
Votre demande a bien été prise en compte
Non remis : chaises
Lu : chaises
""",
    "es": """
Respuesta automática: sillas
Respuesta automatica: sillas
RESPUESTA AUTOMÁTICA: sillas
Respuesta Automática : sillas
Fuera de la oficina: sillas
Fuera de la oficina
Fuera de la oficina hasta el 17 de agosto
Fuera de oficina - sillas
Autorespuesta: sillas
Auto-respuesta
Aviso de ausencia: del 3 a 10 de mayo
Mensaje de ausencia: sillas
Hemos recibido su mensaje
Gracias por contactar con nosotros
No se puede entregar: sillas
Leído: sillas
""",
    "pt": """
Resposta automática: cadeiras
Resposta Automática : cadeiras
Resposta automatica: cadeiras
Ausência Temporária: cadeiras
Fora do escritório: cadeiras
Fora do escritório
Ausência do escritório: cadeiras
Mensagem automática: cadeiras
Recebemos a sua mensagem
Obrigado pelo seu contato
Não é possível entregar: cadeiras
""",
    "it": """
Risposta automatica: sedie
Risposta Automatica : sedie
Risposta Non al computer: sedie
RISPOSTA AUTOMATICA: sedie
Fuori sede: sedie
Fuori ufficio
Fuori ufficio: sedie
Assente dall'ufficio: sedie
Messaggio di assenza: sedie
Abbiamo ricevuto la tua richiesta
Non recapitabile: sedie
Letto: sedie
""",
    "nl": """
Automatisch antwoord: stoelen
Automatisch Antwoord : stoelen
Automatische beantwoording: stoelen
Afwezigheidsbericht: stoelen
Afwezigheidsbericht
Afwezigheidsmelding - stoelen
Niet op kantoor: stoelen
Afwezig: stoelen
Ontvangstbevestiging: stoelen
Wij hebben uw bericht ontvangen
Onbestelbaar: stoelen
""",
    "pl": """
Automatyczna odpowiedź: krzesła
Automatyczna odpowiedz: krzesła
Odpowiedź automatyczna: krzesła
Autoodpowiedź: krzesła
Poza biurem: krzesła
Poza biurem
Nieobecność w biurze: krzesła
Dziękujemy za wiadomość
""",
    "ro": """
Răspuns automat: scaune
Raspuns automat: scaune
Răspuns automat : scaune
Mesaj automat: scaune
În afara biroului: scaune
""",
    "sv": """
Autosvar: stolar
Automatiskt svar: stolar
AUTOSVAR: stolar
Auto svar: stolar
Frånvaromeddelande: stolar
Ej på kontoret: stolar
Tack för ditt mejl
""",
    "da": """
Automatisk svar: stole
Autosvar: stole
Fraværsbesked: stole
Ikke på kontoret: stole
Tak for din henvendelse
""",
    "nb": """
Automatisk svar: stoler
Fraværsmelding: stoler
Borte fra kontoret: stoler
Ute av kontoret til 5. mai
""",
    "fi": """
Automaattinen vastaus: tuolit
Automaattinen Vastaus : tuolit
Poissa toimistosta: tuolit
Poissaoloviesti: tuolit
""",
    "cs": """
Automatická odpověď: židle
Automaticka odpoved: židle
Mimo kancelář: židle
""",
    "sk": """
Automatická odpoveď: stoličky
Mimo kancelárie: stoličky
""",
    "hu": """
Automatikus válasz: székek
Automatikus válasz : székek
Házon kívül: székek
Távolléti üzenet
""",
    "ru": """
Автоматический ответ: стулья
Автоответ: стулья
АВТООТВЕТ: стулья
Вне офиса: стулья
""",
    "uk": """
Автоматична відповідь: стільці
Автовідповідь: стільці
Поза офісом: стільці
""",
    "bg": """
Автоматичен отговор: столове
Извън офиса: столове
""",
    "el": """
Αυτόματη απάντηση: καρέκλες
ΑΥΤΟΜΑΤΗ ΑΠΑΝΤΗΣΗ: καρέκλες
Εκτός γραφείου: καρέκλες
""",
    "tr": """
Otomatik yanıt: sandalyeler
Otomatik Yanıt : sandalyeler
OTOMATİK YANIT: sandalyeler
Ofis dışında: sandalyeler
""",
    "ca": """
Resposta automàtica: cadires
Resposta automatica: cadires
Fora de l’oficina: cadires
Missatge automàtic: cadires
""",
    "eu": """
Erantzun automatikoa: aulkiak
Bulegotik kanpo: aulkiak
""",
    "gl": """
Resposta automática: cadeiras
Fóra da oficina: cadeiras
""",
    "hr": """
Automatski odgovor: stolice
Izvan ureda: stolice
""",
    "sl": """
Samodejni odgovor: stoli
Izven pisarne: stoli
""",
    "lt": """
Automatinis atsakymas: kėdės
""",
    "lv": """
Automātiska atbilde: krēsli
Automātiskā atbilde: krēsli
""",
    "et": """
Automaatvastus: toolid
Automaatne vastus: toolid
""",
    "he": """
מענה אוטומטי: כיסאות
תשובה אוטומטית: כיסאות
""",
    "ar": """
رد تلقائي: كراسي
الرد التلقائي: كراسي
""",
    "ja": """
自動応答: 椅子
自動応答：椅子
自動返信: 椅子
【自動返信】お問い合わせ
不在通知: 椅子
お問い合わせありがとうございます
""",
    "zh": """
自动回复: 椅子
自动回复：椅子
自动答复: 椅子
自動回覆: 椅子
【自动回复】椅子
不在办公室
""",
    "ko": """
자동 회신: 의자
자동 응답: 의자
부재 중: 의자
""",
    "th": """
ตอบกลับอัตโนมัติ: เก้าอี้
""",
    "vi": """
Trả lời Tự động: ghế
""",
    "id": """
Balasan otomatis: kursi
""",
}

PEOPLE: dict[str, str] = {
    "en": """
Question about automatic replies
Re: Automatic reply: Twenty chairs
RE: Out of office
Automatic reply received, is this normal?
Do you sell automatic reply systems?
Our office is out of chairs
Is anybody in the office?
My colleague is out of the office tomorrow, please call me
Auto: winter tyres
Auto insurance quote
AUTO: 4 WINTER TYRES
Out-of-hours delivery
Thank you!
Delivery failed, where is my parcel?
Delivery failed
Failed delivery
Undeliverable parcel
Undeliverable order 4711
Out of office hours appointment
Out-of-office-hours appointment
Out of office furniture
Re: Thank you for contacting us
Thank you for your message, but I have a question
Thank you for your email yesterday
Thank you for contacting me
Your request has been received but nothing happened
We have received your invoice twice
We've received your payment reminder
We have received your message. However
Mail error on your website
""",
    "de": """
Antwort auf Ihre Abwesenheit
AW: Automatische Antwort: Stühle
Frage zu Ihrer automatischen Antwort
Automatische Antwort bekommen, stimmt das?
Automatische Tür klemmt
Auto: Ersatzteil für Golf
Abwesenheitsnotiz für meinen Sohn Max
Abwesenheit von Max, Klasse 3b
Eingangsbestätigung fehlt noch
Empfangsbestätigung erbeten
Nicht im Büro angekommen
Urlaub im August
Außerhalb der Öffnungszeiten?
Unzustellbares Paket
Abwesenheitsmeldung: Max Muster, Klasse 3b
Abwesenheitsnotiz - Max, 3 b
Vielen Dank für Ihre Nachricht, leider
Vielen Dank für Ihre E-Mail von gestern
""",
    "fr": """
Question sur votre réponse automatique
RE: Réponse automatique : chaises
Réponse automatique reçue, est-ce normal ?
Absence de Lucas demain
Absent demain
Accusé de réception jamais reçu
Portail automatique en panne
Réponse à votre message d'absence
Échec de la remise du colis
Merci pour votre message d’hier
""",
    "es": """
Pregunta sobre la respuesta automática
RE: Respuesta automática: sillas
¿Por qué recibo una respuesta automática?
Aviso de ausencia para mañana de Lucía
Aviso de ausencia de Lucía 3ºB
Aviso de ausencia: Lucía, 3ºB
Fuera de la oficina hay una gotera
Fuera de servicio
Acuse de recibo de la multa que no llega
Puerta automática averiada
Gracias por su correo de ayer
Hemos recibido tu correo pero falta el adjunto
""",
    "pt": """
Pergunta sobre a resposta automática
RES: Resposta automática: cadeiras
Fora do escritório há barulho
Portão automático avariado
Ausência da Maria na escola
""",
    "it": """
Domanda sulla risposta automatica
R: Risposta automatica: sedie
Conferma di lettura del contatore
Fuori sede per lavoro, posso spostare l'appuntamento?
Cancello automatico guasto
Assenza di Marco domani
Avviso di assenza Marco 2A
Avviso di assenza: Marco, classe 2A
Mancato recapito pacco
Grazie per il suo messaggio di ieri
""",
    "nl": """
Vraag over automatisch antwoord
RE: Automatisch antwoord: stoelen
Ontvangstbevestiging niet gekregen
Afwezigheid van Daan morgen
Afwezigheidsmelding Tim groep 5
Automatische deur defect
Buiten kantoor parkeren mag dat?
Onbestelbaar pakket
Afwezig: Tim groep 5
Afwezigheidsmelding: Daan, klas 2
Wij hebben uw bericht ontvangen, maar
""",
    "pl": """
Pytanie o automatyczną odpowiedź
ODP: Automatyczna odpowiedź: krzesła
Nieobecność Kasi w szkole
Poza biurem nikogo nie ma
Brama automatyczna nie działa
""",
    "ro": """
Întrebare despre răspunsul automat
RE: Răspuns automat: scaune
Ușă automată defectă
Absența lui Andrei
""",
    "sv": """
Fråga om ert autosvar
SV: Autosvar: stolar
Frånvaro för Lisa i morgon
Automatisk dörr trasig
""",
    "da": """
Spørgsmål om jeres automatiske svar
SV: Automatisk svar: stole
Fravær i morgen for Emil
Fraværende: Emil 3b
""",
    "nb": """
Spørsmål om automatisk svar
SV: Automatisk svar: stoler
Fravær i morgen
""",
    "fi": """
Kysymys automaattisesta vastauksesta
VS: Automaattinen vastaus: tuolit
Poissaolo huomenna
""",
    "cs": """
Dotaz na automatickou odpověď
RE: Automatická odpověď: židle
Nepřítomnost ve škole
""",
    "hu": """
Kérdés az automatikus válaszról
RE: Automatikus válasz: székek
Hiányzás holnap
""",
    "ru": """
Вопрос об автоответе
RE: Автоматический ответ: стулья
Отсутствие ученика завтра
""",
    "el": """
Ερώτηση για την αυτόματη απάντηση
ΑΠ: Αυτόματη απάντηση: καρέκλες
""",
    "tr": """
Otomatik kapı arızası
Ynt: Otomatik yanıt: sandalyeler
""",
    "ca": """
Pregunta sobre la resposta automàtica
RE: Resposta automàtica: cadires
Absència de la Mar demà
""",
    "ja": """
自動ドアの修理
Re: 自動応答: 椅子
""",
    "zh": """
关于自动回复的问题
回复: 自动回复: 椅子
""",
}


def cases(table: dict[str, str]) -> list[tuple[str, str]]:
    return [(language, subject) for language, text in table.items() for subject in text.strip().splitlines()]


def reason(subject: str, text: str = "Good morning") -> str:
    """ "" for an answer, else why there is none."""
    message = letter(subject, text)
    decision = decide(read(message, POLICY), Arrival("contact", "INBOX", 1, 1, NOW), POLICY, History(), NOW)
    return "" if decision.action == "reply" else decision.reason


@pytest.mark.parametrize(("language", "subject"), cases(MACHINES))
def test_an_automatic_reply_is_known_by_its_subject(language: str, subject: str) -> None:
    assert reason(subject) == "machine-subject"


@pytest.mark.parametrize(("language", "subject"), cases(PEOPLE))
def test_people_write_about_absences_too(language: str, subject: str) -> None:
    assert reason(subject) == ""


def test_there_are_enough_languages(capsys: pytest.CaptureFixture[str]) -> None:
    counts = {lang: len(text.split("\n")) - 2 for lang, text in MACHINES.items()}
    people = {lang: len(text.split("\n")) - 2 for lang, text in PEOPLE.items()}
    with capsys.disabled():
        print(f"\nautomatic subjects known in {len(counts)} languages, people's like them in {len(people)}:")
        print("  " + ", ".join(f"{lang} {count}/{people.get(lang, 0)}" for lang, count in counts.items()))
    assert len(counts) >= 30
    assert len(people) >= 12
    assert set(people) <= set(counts)


PARCELS = [
    "I paid 450 euros and nothing came.",
    "My email address is ana@example.net, the order is 512 - two chairs.",
    "I got your message that it failed.",
    "It failed on 5.11.26 and on 4.12.2026, and the courier left no note in the mailbox.",
    "Das Paket kam nicht; auch auf Ihre Nachricht hin nicht.",
    "The tracking says that the parcel is undeliverable.",
]
BOUNCES = [
    "550 5.1.1 no such user",
    "Said: 550 User unknown",
    "552 Quota exceeded",
    "Your message to <x@y.example> could not be delivered.",
    "The message you sent to x was not delivered.",
    "The following message was undeliverable.",
    "Ihre Nachricht an x@y.example wurde nicht zugestellt.",
    "Su mensaje no se ha podido entregar.",
]


@pytest.mark.parametrize("subject", ["Delivery failed", "Delivery failure", "Failed delivery: order 17"])
def test_whether_a_parcel_or_a_letter_was_not_delivered_the_text_says(subject: str) -> None:
    assert [text for text in PARCELS if reason(subject, text)] == []
    assert [text for text in BOUNCES if reason(subject, text) != "machine-subject"] == []
