"""What machines call themselves, and how they begin, in the languages seen in real mail.

Tables only, no behaviour. They are written as people read them and compared after `text.fold` (no case, no accents),
from the beginning: an answer to an automatic reply ("Re: Out of office") is a person's. What customers write
themselves is left out on purpose ("Absence", "Problem:", "Accepted:"), and "Delivery failed" is a bounce only where
the text speaks of mail: in a shop's inbox it is a parcel. "Fuera de la oficina" begins an automatic letter where
nothing, a colon or a date follows, not where a sentence goes on: "Out of office hours appointment", "Undeliverable
parcel". "Thank you for your message" and no more is what many programs write, and stays theirs; people add a "but".
A wrong silence is a fault too.
"""

import re

from autoresponder.core.text import fold

_SUBJECTS = """
automatic reply|automatic response|automated reply|automated response|automated message|automatic message
automatic out of|auto reply|auto-reply|autoreply|auto response|auto-response|autoresponse|auto responder
autoresponder|auto answer|ooo:|away from my mail|vacation reply|vacation message|vacation notice|vacation response
on vacation:|thank you for contacting|thanks for contacting|thank you for your email|thank you for your e-mail
thank you for your enquiry|thank you for your inquiry|thank you for your message
your request has been received|your message has been received|your email has been received
your ticket has been received|your ticket has been created|request received:|support ticket opened
acknowledgement of receipt|acknowledgment of receipt|read:|not read:|read receipt|return receipt
disposition notification|delivered:|relayed:|tentatively accepted:|undelivered mail
undelivered message|undelivered:|mail undeliverable|message undeliverable|nondeliverable|non-deliverable
non-delivery notif|nondelivery|delivery status notification|mail delivery failed|mail delivery failure
mail delivery warning|mail delivery problem|mail delivery error|mail delivery delay|mail delivery status
mail delivery report|mail delivery:|message delivery fail|message delivery delay|message delivery status
message delivery notif|email delivery fail|email delivery status|e-mail delivery fail
mail could not be delivered|message could not be delivered|message delayed (|mail delayed
message not delivered:|mail not delivered|email not delivered|failure notice|returned mail
mail returned to sender|mail system error|mail transaction failed
message status - undel|warning: could not send message|warning: message still undelivered
warning: message delayed|message rejected|mail rejected|bounced mail|virus found in
virus detected in|virus alert|report domain:|[preview] report domain:|dmarc aggregate report
dmarc forensic report|dmarc failure report|dmarc report|tls report|tls-report|smtp tls report|abuse report
email feedback report|email abuse report|complaint about message from|fax received from|new fax from
incoming fax|you have received a fax|you have received a new fax|new voicemail|new voice message
you have a new voicemail|voicemail from|message from kmbt|message from km_|message from "rnp|scan from a
scanned from a|scanned image from|cron <|anacron job|logwatch for|** problem|** recovery|** flapping|[firing
[resolved]|[alerting]|please confirm your subscription|confirm your subscription|please confirm your message
your email requires verification|majordomo results|majordomo file|subscription results|loop alert
automatische antwort|automatische rückantwort|automatische empfangsbestätigung
automatische eingangsbestätigung|automatische benachrichtigung|autoantwort|auto-antwort|abwesenheitsmeldung:
abwesenheitsagent|abwesenheitsassistent|außer haus:|nicht zustellbar:|zustellungsbenachrichtigung
übermittlungsstatus|gelesen:|ungelesen:|nicht gelesen:|benachrichtigung zum zustellungsstatus
benachrichtigung über den zustellungsstatus|réponse automatique|reponse auto|avis d'absence du
message automatique|lu :|lu:|non lu :|non lu:
notification d'état de remise|notification d’état de remise|courrier non remis|courrier non distribué
message non remis|message non distribué|respuesta automática|respuesta automatizada|auto respuesta
autorespuesta|auto-respuesta|contestación automática|contestador automático|mensaje automático|leído:
no leído:|mensaje no entregado|correo no entregado|correo devuelto|mensaje devuelto|no se puede entregar:
no se pudo entregar:|no se ha podido entregar:|notificación de estado de entrega
notificación del estado de entrega|notificación sobre el estado de la entrega|resposta automàtica
missatge automàtic|no s'ha pogut lliurar:|resposta automática|mensaxe automática|erantzun automatikoa
mensagem automática|autoresposta|auto-resposta|não entregue:|não é possível entregar:
não foi possível entregar:|notificação de status de entrega|notificação de estado de entrega
notificação de falha na entrega|lida:|lido:|não lida:|risposta automatica|risposta automatizzata|autorisposta
messaggio automatico|letto:|non letto:|impossibile recapitare:
messaggio non recapitato|messaggio non recapitabile|notifica di mancato recapito|avviso di mancata consegna:
posta certificata:|anomalia messaggio:|notifica sullo stato del recapito|automatisch antwoord
automatische beantwoording|automatische reactie|automatische afwezigheids|afwezig:|gelezen:
niet bezorgd:|automatyczna odpowiedź|odpowiedź automatyczna|autoodpowiedź|auto odpowiedź|niedostarczone:
nie można dostarczyć:|przeczytano:|zwrot poczty|răspuns automat|mesaj automat|nelivrat:
nu se poate livra:|autosvar|automatiskt svar|automatisk svar|automatiskt meddelande|fraværende:
ikke til stede:|kan inte levereras:|går inte att leverera|kan ikke leveres:|kunne ikke leveres:|læst:|läst:
automaattinen vastaus|automaattivastaus|ei voi toimittaa:|automatická odpověď
automatická odpoveď|automatikus válasz|automatikus üzenet
automatski odgovor|samodejni odgovor|automatinis atsakymas|automātiska atbilde|automātiskā atbilde
automaatvastus|автоматический ответ|автоответ|недоставленное сообщение|недоставлено:|не удается доставить:
не удалось доставить:|сообщение не доставлено|прочитано:|автоматична відповідь|автоматичен отговор
аутоматски одговор|автоматски одговор|αυτόματη απάντηση|otomatik yanıt|otomatik cevap|teslim edilemedi:
תשובה אוטומטית|מענה אוטומטי|رد تلقائي|الرد التلقائي|自動応答|自動返信|自動回答|不在通知|不在返信
不在のお知らせ|配信不能|配信できません|配達不能|配信エラー|送信エラー|メール送信エラー
メッセージを配信できません|メッセージを送信できません|メールを送信できません|メッセージが配信されませんでした
開封済み|【自動返信】|[自動返信]|【自動配信】|自动回复|自动答复|自動應答|自動回覆|自動答覆|自動回復|系统退信
退信|无法投递|未送达|未傳遞|無法傳遞|投递失败|傳遞失敗|자동 회신|자동회신|자동 응답|자동응답|부재 중|부재중
배달되지 않음|배달할 수 없음|trả lời tự động|thư trả lời tự động|balasan otomatis|jawapan automatik
ตอบกลับอัตโนมัติ|การตอบกลับอัตโนมัติ|yahoo! auto response|automatic acknowledgement|automatic acknowledgment
automated acknowledgement|auto-acknowledgement|[request received]|ticket received -|ticket received:
thanks for your inquiry|thanks for your enquiry|thanks for your email|automatische e-mail-antwort
automatische nachricht:|urlaubsbenachrichtigung|ihre anfrage ist eingegangen|ihre nachricht ist eingegangen
ihre e-mail ist eingegangen|wir haben ihre nachricht erhalten|wir haben ihre anfrage erhalten
wir haben ihre e-mail erhalten|vielen dank für ihre nachricht|vielen dank für ihre anfrage
vielen dank für ihre e-mail|danke für ihre anfrage|danke für ihre nachricht|répondeur automatique
réponse auto:|notification automatique:|nous avons bien reçu votre message|nous avons bien reçu votre demande
votre message a bien été reçu|votre demande a bien été|merci pour votre message|merci de votre message
respuesta de fuera de la oficina|hemos recibido su mensaje|hemos recibido tu mensaje|hemos recibido su correo
hemos recibido tu correo|hemos recibido su consulta|hemos recibido tu consulta|hemos recibido su solicitud
hemos recibido tu solicitud|gracias por su mensaje|gracias por tu mensaje|gracias por su correo
gracias por contactar|gracias por ponerse en contacto|gracias por escribirnos|resposta automàtica de
hem rebut el vostre missatge|hem rebut el seu missatge|gràcies per contactar|zure mezua jaso dugu
ausência temporária|resposta de ausência|recebemos a sua mensagem|recebemos sua mensagem
recebemos o seu e-mail|recebemos seu e-mail|recebemos seu contato|recebemos o seu contacto
obrigado pelo seu contato|obrigado pelo seu contacto|obrigado por entrar em contato|obrigado pela sua mensagem
risposta di assenza|risposta non al computer|abbiamo ricevuto la tua richiesta|abbiamo ricevuto la sua richiesta
abbiamo ricevuto il tuo messaggio|abbiamo ricevuto il suo messaggio|grazie per averci contattato
grazie per il suo messaggio|automatisch bericht|auto-antwoord|afwezigheidsassistent
wij hebben uw bericht ontvangen|wij hebben uw e-mail ontvangen|we hebben je bericht ontvangen
uw bericht is ontvangen|bedankt voor uw bericht|bedankt voor uw e-mail|bedankt voor je bericht|autoodpowiedz
wiadomość automatyczna|otrzymaliśmy twoją wiadomość|otrzymaliśmy państwa wiadomość|dziękujemy za wiadomość
dziękujemy za kontakt|am primit mesajul dumneavoastră|am primit mesajul dvs|vă mulțumim pentru mesaj
frånvaroassistent|fraværsassistent|fraværsmeddelelse|tack för ditt mejl|tack för ditt meddelande
tak for din henvendelse|tak for din mail|takk for din henvendelse|takk for din e-post|automatisk besked|auto svar
automaattinen viesti|kiitos viestistäsi|kiitos yhteydenotostasi|automatická zpráva|automatická správa
automatikus válaszüzenet|távolléti üzenet|avtomatski odgovor|автоматическое уведомление|автовідповідь
автоматичне повідомлення|αυτόματο μήνυμα|otomatik yanit|automaatne vastus|sjálfvirkt svar|avtomatik cavab
автоматты жауап|përgjigje automatike|ateb awtomatig|رد آلي|پاسخ خودکار|स्वचालित उत्तर|स्वचालित जवाब
自動返信メール|お問い合わせありがとうございます|お問合せありがとうございます|[自动回复]|【自动回复】
【自動回覆】|자동 회답|balasan automatik|awtomatikong tugon
out of office autoreply|out of office auto|out of office reply|out of office response|out of office message
out of office notice|out of office notification|out of office alert|out of office re:|out of office fw
out of office today|out of office this|out of office next|out of office due|out of office on|out of office for the
out of the office today|out of the office this|out of the office next|out of the office due|out of the office on
out of the office for|undeliverable mail
undeliverable message|undeliverable email|undeliverable e-mail|returned message sent by|unzustellbare nachricht
unzustellbare e-mail|unzustellbare mail|mancato recapito del messaggio|mancato recapito messaggio|failed mail delivery
échec de la remise du message|onbestelbaar bericht|rejected mail message|mail failure notice|mail error notice
"""

_OPENINGS = """
abwesenheitsnotiz|abwesenheitsbenachrichtigung|abwesenheitsnachricht|eingangsbestätigung|empfangsbestätigung
lesebestätigung|réponse d'absence|message d'absence|notification d'absence|accusé de réception
accusé de lecture|absence du bureau|absent du bureau|absente du bureau|absent(e) du bureau|fuera de la oficina
fuera de oficina|ausencia de la oficina|ausente de la oficina|aviso de ausencia|mensaje de ausencia
acuse de recibo|confirmación de lectura|fora de l'oficina|fóra da oficina|bulegotik kanpo|bulegoz kanpo
fora do escritório|ausência do escritório|ausente do escritório|fuori sede|fuori ufficio|assente dall'ufficio
avviso di assenza|messaggio di assenza|conferma di lettura|afwezigheidsbericht|afwezigheidsmelding
niet op kantoor|buiten kantoor|ontvangstbevestiging|poza biurem|nieobecność w biurze
potwierdzenie przeczytania|în afara biroului|absent de la birou|confirmare de citire|ej på kontoret
inte på kontoret|frånvaromeddelande|frånvaro från kontoret|ikke på kontoret|borte fra kontoret|fraværsmelding
fraværsbesked|poissa toimistosta|poissaoloviesti|mimo kancelář|nepřítomnost v kanceláři|mimo kancelárie
házon kívül|irodán kívül|izven pisarne|izvan ureda|van kancelarije|вне офиса|не в офисе
отсутствие на рабочем месте|извън офиса|εκτός γραφείου|ofis dışında|מחוץ למשרד|خارج المكتب
i am out of the office|i'm out of the office|i am out of office|i'm out of office
i am currently out of the office|i am currently out of office|nicht im büro|zurzeit nicht im büro
derzeit nicht im büro|je suis absent|je suis absente|je suis absent(e)|estoy fuera de la oficina
estic fora de l'oficina|confirmação de recebimento|estou fora do escritório|sono fuori ufficio
ik ben niet op kantoor|niet aanwezig|jestem poza biurem|ute från kontoret|ute av kontoret|poissaoloilmoitus
ārpus biroja|kontorist väljas|ne biure|поза офісом|не в офісі|не съм в офиса|di luar kantor|不在办公室
不在辦公室
out of office|out-of-office|out of the office|away from my desk|away from office|undeliverable|returned message
rejected mail|failed mail|mail error|mail failure|unzustellbar|non remis|échec de la remise|échec de remise
non recapitabile|mancato recapito|onbestelbaar|niedostarczalne|nedoručitelné|nedoručiteľné|kézbesíthetetlen
nem kézbesíthető|iletilemedi
"""

_DELIVERY = """
delivery fail|delivery has failed|delivery delay|delivery problem|delivery report|delivery error|delivery status
delivery warning|delivery unsuccessful|delivery notif|delivery notice|mail delivery|message delivery|email delivery
failed to deliver|failed delivery|failure delivery|failure notification|message not delivered|not delivered
unable to deliver|delayed mail|message delayed|message status|user unknown|mailbox full|quota exceeded|warning: message
zustellung fehlgeschlagen|fehler bei der zustellung|nicht zustellbar|nicht zugestellt|échec de la distribution
remise retardée|non distribué|error de entrega|error en la entrega|no entregado|no se ha podido entregar|entrega
retrasada notificación de entrega|aviso de entrega|falha na entrega|não entregue|mancata consegna|consegna
fallita|bezorging mislukt niet bezorgd|sikertelen kézbesítés|toimitus epäonnistui|nedoručeno|전송 실패
"""

_NAMES = """
mail delivery system|mail delivery subsystem|mail delivery service|mail delivery|maildelivery|mail administrator
mail subsystem|mail router|mailer-daemon|mailer daemon|mailerdaemon|postmaster|post master|internet mail delivery
delivery notification|delivery status|delivery subsystem|delivery system|returned mail|message delivery|email delivery
system administrator|systemadministrator|administrateur système|administrador del sistema|administrador do sistema
amministratore di sistema|systeembeheerder|システム管理者|系统管理员|microsoft exchange|cron daemon|(cron daemon)
anacron|logwatch
no reply|no-reply|noreply|no_reply|do not reply|do-not-reply|donotreply|automatic reply|auto reply|auto-reply
autoreply|autoresponder|auto responder|auto-responder|out of office|automatische antwort|réponse automatique
respuesta automática|resposta automática|risposta automatica|no responder|nicht antworten|bitte nicht antworten
ne pas répondre|non rispondere|não responder|não responda|niet beantwoorden|nie odpowiadaj
opendmarc|dmarc aggregate|dmarc report|listserv|majordomo|mailman|ezmlm|lsmtp|nagios|icinga|zabbix|alertmanager
fax server|faxserver|scan to email|scan2mail|interscan
"""

_WHOLE_NAMES = """
root|nobody|daemon|mdaemon|bounce|bounces|undeliverable|mail system|mail server|mail admin|post office|microsoft outlook
antivirus|anti-virus|virus scanner|mailscanner|mailmarshal|spamassassin|feedback loop|abuse feedback|list server|sympa
grafana|uptimerobot|uptime robot|pingdom|monit|monitoring|jenkins|buildbot|gitlab|github|bugzilla|jira|google calendar
google kalender|voicemail|voice mail|scanner|webmaster|www-data|apache|notifications|notification|benachrichtigung
via rt
"""

_TEXTS = """
this is the mail system at host|hi. this is the|this is the qmail|this message was created automatically by
this message was generated automatically|this is an automatically generated|this is an automated message
this is an automated reply|this is an automated response|this is an automated e|this is an automated notification
this is an automatic message|this is an automatic reply|this is an automatic response|this is an automatic e
this e-mail was automatically generated|this email was automatically generated|this message has been automatically
generated the following addresses had|the following message to <|the original message was received at
-----transcript of session
----- the following addresses|your message did not reach some or all|your message could not be delivered to
your message to <|your message was not delivered to|your mail could not be delivered
delivery has failed to these recipients
delivery to the following recipient failed|delivery to the following recipients failed|unable to deliver message to
could not deliver message to the following|could not deliver your message|sorry, we were unable to deliver your message
i'm sorry to have to inform you that|a message that you sent could not be delivered|a message you sent has been held
a message (from <|message from <|we're sorry. there's a problem with the e-mail address
i'm afraid i wasn't able to deliver
unfortunately, i was not able to deliver|the message you sent to|message could not be delivered to
dies ist eine automatisch|diese e-mail wurde automatisch|diese nachricht wurde automatisch|bitte antworten sie nicht auf
ceci est un message automatique|ceci est une réponse automatique|ce message est généré automatiquement
este es un mensaje automático|este es un correo automático|este mensaje se ha generado automáticamente
este correo se ha generado automáticamente|esta es una respuesta automática|esta é uma mensagem automática
questo è un messaggio automatico|questa è una risposta automatica|dit is een automatisch|to jest wiadomość automatyczna
this mailbox is not monitored|this mailbox is unmonitored|please do not reply to this|do not reply to this
"""


class Beginnings:
    """A set of phrases, asked whether a (folded) text begins with one of them; sorted by first letter, so that hundreds
    cost no more than a few."""

    def __init__(self, phrases: tuple[str, ...]) -> None:
        by_first: dict[str, list[str]] = {}
        for phrase in phrases:
            by_first.setdefault(phrase[0], []).append(phrase)
        self._by_first = {first: tuple(some) for first, some in by_first.items()}

    def begin(self, text: str) -> str:
        """The phrase that `text` begins with, "" when none does."""
        phrases = self._by_first.get(text[:1], ())
        return next((p for p in phrases if text.startswith(p)), "") if text.startswith(phrases) else ""


def _phrases(table: str) -> tuple[str, ...]:
    return tuple(
        sorted(
            {fold(phrase) for phrase in table.replace("\n", "|").split("|") if phrase.strip()}, key=len, reverse=True
        )
    )


SUBJECTS = Beginnings(_phrases(_SUBJECTS))
"""How the subjects of automatic letters begin."""
OPENINGS = Beginnings(_phrases(_OPENINGS))
"""How they begin where neither a word nor a question follows (`GOES_ON`): people begin with these words too."""
GOES_ON = re.compile(
    r"(?![-\s]*hours?\b)(?:"
    r"\Z|[^\w\s?]|\d|(?:until|till|from|through|since|bis|ab|vom|seit|jusqu|a partir|hasta|desde|ate|fino|dal|tot|"
    r"vanaf|pana|til|fra|fran|asti|saakka|od|do|az|до|с|по|εως|kadar)\b"
    r"|(?:\w+\W+){1,3}\d{1,2}(?:[./-]\d{1,2}\b|(?:\.|er|th|st|nd|rd)?\W+(?:d[e']\W*)?(?:jan|feb|fev|gen|mar|mrt|mai|mei|maj|may|"
    r"apr|avr|abr|jun|juin|giu|jul|juil|lug|aug|aou|ago|sep|set|o[ckut]t|out|nov|de[cszk]|dic|dez)))"
)
"""What may follow one of `OPENINGS` (folded, without white space before it): a date, never a pupil and a class."""
BY_PEOPLE = re.compile(
    r"[\s,.!]*(?:(?:but|however|yesterday|last (?:week|night)|can you|could you|me|aber|jedoch|leider|mais|pero|conmigo"
    r"|maar|men|ale|ma non|mas nao|(?:von |vom )?gestern|d.hier|(?:de |d.)?(?:ayer|ontem|ahir)|(?:di )?ieri"
    r"|(?:van )?gisteren)\b)"
)
"""What follows one of `SUBJECTS` (folded) where a person goes on: “Thank you for your message, but …”. Never a dash:
behind it stands what a person wrote before."""
PUPIL = re.compile(
    r"(?:abwesenheit|afwezig|fravaer|franvaro|aviso de ausencia|avviso di assenza|avis d.absence|notification d.absence"
    r"|nieobecnosc|poissaolo).*(?:\b(?:klass?e?|groep|grupp|class|classe|clase|curso|trinn|luokka)\b"
    r"|\b\d{1,2}[oa]?\.?[a-g]\b|\b\d{1,2} [bcfg]\b)"
)
"""Subjects (folded) of parents who excuse a child: an absence, and a class."""
RECEIVED = re.compile(
    r"we(?: have|['’]ve) received your (?:[\w-]+ )?(?:message|e?-?mail|request|enquiry|inquiry|query|question|ticket"
    r"|case|submission|application|form|feedback|comments?|complaint|report|order(?! conf)|booking|reservation"
    r"|registration|payment(?! rem)|response|information|details)\b"
)
"""What programs (folded) say that they received; people have received an invoice, an offer, a parcel."""
AUTO = re.compile(r"AUTO:(?=.*[a-z])|[Aa]uto:(?= ?(?i:re|aw|antw|sv|vs|rif|odp|tr|out of|away)\b)")
"""How Notes and Proton begin; `Auto: winter tyres` is a letter about a car in half of Europe."""
NOTES = re.compile(
    r"[^?!:]{3,60} (?:is|will be) (?:currently )?(?:out of (?:the )?office|away from the office)"
    r"(?: (?:until|from|till|through)\b| ?\(|\.?\Z)"
    r"|[^?!:]{3,60} (?:ist (?:nicht im buro|ausser haus)|est absent(?:e|\(e\))?(?: du bureau)?"
    r"|esta fuera de la oficina|e fuori (?:ufficio|sede)|is niet op kantoor)(?: ?\(|\.?\Z)"
)
"""Whole (folded) subjects of HCL (Lotus) Notes: “Ana Ruiz is out of the office (returning 5 May)”."""
DELIVERY_SUBJECTS = Beginnings(_phrases(_DELIVERY))
"""How the subjects of bounces begin, and of letters about parcels."""
ABOUT_MAIL = re.compile(
    r"\b[45]\.[0-7]\.\d{1,3}\b|\b[45]\d\d[ -](?:<|(?:no such|user|unknown|mailbox|relay|requested|access|address|sorry"
    r"|recipient|unrout\w+|reject\w+|denied|invalid|account|message|host|temporar\w+|permanent\w*|spam|blocked|delivery"
    r"|quota|exceed\w+|sender|service|transaction|policy|unable)\b)"
    r"|smtp|mailer-daemon|non-?delivery|\bdns\b|postmaster|mail server|(?:returned|original) message\b"
    r"|undeliverable (?:mail|message|e-?mail|address)|\b(?:message|mail|address|recipients?)\b[^.\n]{0,80}\bundeliver"
    r"|mailbox (?:is|was|has|not|full|un|does|exceeded|quota)"
    r"|your message (?:to (?:<|\S*@|the following)|wasn|was not|could|cannot|can.t|has not|did not|with"
    r"|has been (?:rej|ret|del|que))"
    r"|the message (?:(?:that )?you sent|cannot|could|has not|wasn|was not|below|has been (?:rej|ret|del|que))"
    r"|e-?mail address (?:you|was|wasn|could|does|doesn|not|no longer|entered)|the e-?mail address"
    r"|ihre nachricht (?:an|konnte|wurde|mit)\b|votre message (?:a|n.a|n.est|adresse|pour|envoye)\b"
    r"|[st]u mensaje (?:a|para|no|enviado|con)\b|sua mensagem (?:para|nao|enviada)\b"
    r"|(?:il|suo|tuo) messaggio (?:a|per|non|inviato|con|e)\b"
)
"""What a bounce's (folded) text speaks of. Who misses a parcel has paid 450 euros and found no note in the mailbox."""
SUBJECT_PARTS = tuple(
    fold(part)
    for part in ("awaits moderator approval", ": non remis", "autoreply:", " auto reply:", " report-id: ",
                 "non-delivery report", "undeliverable mail", "delivery status notification", "[auto-reply]",
                 "[automatic reply]")
)  # fmt: skip
"""What only automatic letters have anywhere in the subject."""
NAMES = Beginnings(_phrases(_NAMES))
"""How machines' display names begin, followed by nothing or by something that is no letter."""
WHOLE_NAMES = frozenset(_phrases(_WHOLE_NAMES))
"""Machines' display names that are people's or companies' when more follows."""
NAME_ENDS = (" via rt", " autoresponder", " auto-responder", " mailer-daemon", " listserv")
TEXTS = Beginnings(_phrases(_TEXTS))
"""How a line near the beginning of an automatic letter begins."""
