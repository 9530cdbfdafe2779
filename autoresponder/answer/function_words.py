"""The small words, endings and letters that give a language away: microseconds where langdetect takes milliseconds.

A word counts for each language that has it, by one over their number, so `de` says little and `wäre` says all; a word
that no list has may still end, or be spelt, as only some languages do. The lists know more languages than anybody has
templates for: a letter in Swedish is then known not to be in German. People leave accents out, so a word without its
accents counts, too.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

ENOUGH = 2.0
"""The least score that counts as a guess."""
AHEAD = 1.6
"""How many times the score of the next language it must be."""
_ENDING, _LETTER = 0.5, 0.7
"""What an ending or a letter counts, divided as a word is."""

WORDS = {
    "en": "the and of to in is you that it for on are with as his they be at this have from or had by but not what "
    "all were we when your can said there use each which she do how their if will up about out many then them "
    "these so would like him into has could my than been who its now did get may i am me please thanks thank "
    "hello dear hi regards yours sincerely faithfully don't can't i'm i'd we'd it's still yet because our us "
    "any does doesn't know order invoice delivery price available question yesterday tomorrow today week "
    "morning evening much",
    "es": "de la que el en y a los se del las un por con no una su para es al lo como más pero sus le ya o este sí "
    "porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno "
    "les ni contra otros ese eso ante ellos e esto mí antes algunos qué unos yo otro otras otra él tanto esa "
    "estos hola gracias buenos buenas días tardes noches quisiera quería pueden puedo están tengo hemos "
    "ustedes saludo saludos necesito mi mis soy estoy está era fue he ha han sido hace todavía aún cuánto cuál "
    "dónde cómo pedido factura precio envío entrega dinero cuenta gustaría podrían podría favor mañana ayer "
    "hoy lunes jueves viernes domingo nuestra nuestro vuestra vuestro haber hacer decir tiene tienen así mucho "
    "mucha muchas nada algo alguien usted además sino mientras llegado semana calle",
    "ca": "de la que el i a els les un per amb no una és al del en com més però seu seva si ja o aquest aquesta són "
    "quan molt sense sobre també em fins hi ha on qui des tot ens tots ni altres això abans què jo altre ell "
    "aquests bon dia bona tarda hola gràcies vull voldria podeu podríeu puc teniu tinc estem vostè vostra "
    "vostre salutacions ho dels pel pels fer cap meu meva meus nostra nostre us sóc era va vaig van hem heu "
    "han estat encara quant quin quina comanda preu lliurament diners compte m'agradaria agradaria plau ahir "
    "avui demà dilluns dimarts dimecres dijous divendres dissabte diumenge aquí allà gaire cal dir res algú "
    "feu fa només massa mica perquè doncs oi botiga carrer setmana cop matí nit després moltes fet d' l' s' m' "
    "n' t' dir-me feta",
    "gl": "de a que o e do da os as un por con non unha é ao en como máis pero seu súa se xa ou este esta son cando "
    "moi sen sobre tamén me ata hai onde quen desde todo nos todos nin outros isto antes eu outro el estes ola "
    "bos boas tardes días grazas quero quería podo poden poderían teño ten teñen saúdo saúdos polo pola dos "
    "das no na ás aos foi estou está meu miña meus miñas noso nosa nosos vosa voso fixen fixo aínda canto cal "
    "pedido factura prezo entrega cartos conta gustaríame gustaríanos favor mañá onte hoxe luns mércores xoves "
    "venres sábado domingo dende algo alguén vostede vostedes dicir facer facelo ir vou van cun cunha nun "
    "nunha sería podería nós lle lles mesma mesmo dúas tres só axiña agora despois tenda rúa semana xente "
    "moito moita moitas ben si creo quixera agardo agardando dispoñible deste desta quedei traballo enderezo "
    "orzamento mensaxe",
    "eu": "eta da ez bat du dira baina edo ere zen izan den dela dago nola hau hori zer nire zure gure bere egin "
    "behar nahi dut dugu duzu dute kaixo egun on eskerrik asko mila esker mesedez agur adeitsu adeitasunez "
    "batez ba bai hemen orain oraindik gero lehen arte beste guztiak zuen zuek naiz gara zara dituzte ditut "
    "ote nuke genuke zenezakete jakin nago daude dezakezue dezaket dezakegu duzue ditugu al non noiz zenbat "
    "zergatik norbait ezin iritsi eskaera faktura prezioa bidalketa dirua gustatuko litzateke litzaidake atzo "
    "gaur bihar astelehena asteartea asteazkena osteguna ostirala larunbata igandea aste hilabete urte goizean "
    "arratsaldean arratsalde gabon barkatu ondo badut badago zait zaizkit dit didazue didazu dizuet dizut diot "
    "bila zain beraz ezta bakarrik gehiago oso hain datorren nuen zuten ziren ziguten dizkizuet baino aurretik "
    "ondoren bezala buruz gabe barik lan etxe denda zuei niri bi hiru lau bost",
    "pt": "de a que o e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu "
    "sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos "
    "ter seus quem nas me esse eles estão você vocês tinha foram essa num nem suas meu às minha olá oi "
    "obrigado obrigada bom boa dia tarde noite gostaria posso podem poderiam tenho cumprimentos atenciosamente "
    "estou fiz ainda quanto qual onde encomenda pedido fatura preço entrega dinheiro conta favor amanhã ontem "
    "hoje segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo desde algo alguém "
    "senhores dizer fazer vou vai vão seria nós lhe lhes duas três agora loja rua semana gente muita muitas "
    "bem sim acho nosso nossa vosso vossa queria espera alguma algum nenhum pois então isto aqui chegou recebi "
    "enviar saber",
    "fr": "de la le et les des en un une que est pour qui dans a par plus pas au sur ne se ce il sont avec son elle "
    "ou mais nous comme vous leur on tout y été fait être cette aux sa ses si même deux aussi bien je où sans "
    "peut ces qu'il très votre vos merci bonjour bonsoir cordialement voudrais pouvez pourriez puis notre suis "
    "avez j' c' qu' n' d' l' s' m' ai mon ma mes moi j'ai avons ont était encore toujours combien quand quel "
    "quelle commande facture prix livraison argent compte aimerais souhaite souhaiterais plaît hier "
    "aujourd'hui demain lundi mardi mercredi jeudi vendredi samedi dimanche madame monsieur reçu rien quelque "
    "chose quelqu'un beaucoup donc alors semaine mois après avant chez rue magasin afin depuis déjà dit faire "
    "dois doit veuillez désolé",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er "
    "hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor "
    "zur bis mehr durch man sein wurde wenn können ich mir mich ihr ihre ihren ihnen wir uns bitte danke guten "
    "tag hallo freundlichen freundliche grüße grüßen gruß möchte wäre würde könnten könnte könnt habe hab bin "
    "geehrte vielen dank mein meine meinem meinen unser unsere schon immer was wo wann wohin warum bestellung "
    "rechnung preis lieferung geld konto gerne gern gestern heute morgen montag dienstag mittwoch donnerstag "
    "freitag samstag sonntag woche euch eure habt hätte muss soll kann jemand etwas damen herren ab ja nein "
    "leider kein keine",
    "it": "di e il la che in a per un è del non una con le si da i al dei come più anche ma lo gli alla sono della "
    "nel o se ha questo essere dal ed stato suo ci delle su quando cosa chi tutto loro sua mi molto fatto dopo "
    "prima solo io noi voi ho hai abbiamo vorrei posso potete grazie buongiorno buonasera salve ciao cordiali "
    "distinti saluti gentile vostro vostra vostri dell' all' dall' nell' un' l' c' d' mio mia miei mie nostro "
    "nostra ancora quanto quale dove ordine fattura prezzo consegna soldi conto piacerebbe favore ieri oggi "
    "domani lunedì martedì mercoledì giovedì venerdì sabato domenica sta sto stiamo siamo siete era erano fare "
    "dire sapere qualcosa qualcuno mille settimana mese via negozio presso però quindi già poi sempre perché "
    "degli dalla nella sul sulla vi ne",
    "nl": "de van een het en in is dat op te zijn met voor niet aan er om ook als bij of uit nog naar heeft dan maar "
    "door over ze zich hij worden wordt hebben deze meer al kan tot was ik mijn jullie wij we u uw graag "
    "bedankt dank hallo hoi goedemorgen goedemiddag goedenavond groet groeten groetjes vriendelijke zou zouden "
    "kunnen kunt heb ben geachte beste wat wanneer waar hoe hoeveel onze ons mij me geen wel toch alvast "
    "bestelling factuur prijs levering geld rekening gisteren vandaag morgen maandag dinsdag woensdag "
    "donderdag vrijdag zaterdag zondag week maand jaar iemand iets heel erg steeds moet wil willen hierbij "
    "sinds omdat die dit mag weten laten",
    "pl": "w i na z do się nie to że o jest jak po ale od za przez są dla tak co czy już tego tym być przy może "
    "także tylko jego jej oraz ze mnie mi proszę prosimy dziękuję dziękujemy dzień dobry wieczór witam cześć "
    "pozdrawiam poważaniem chciałbym chciałabym chcielibyśmy państwo państwa państwu pan pani mam mamy jestem "
    "czym kiedy gdzie moje mój moja nasz nasza bardzo będzie można mogę mogą jeszcze nadal ile zamówienie "
    "faktura faktury cena dostawa dostawy pieniądze konto wczoraj dzisiaj dziś jutro poniedziałek wtorek środa "
    "czwartek piątek sobota sobotę niedziela tydzień ktoś coś był była było były jeśli więc który która które "
    "ma nam nas ich przed szanowni",
    "ro": "de și în la a cu pe nu din este că un o pentru care să se mai ce au sunt fi prin ca sau dar după fost "
    "dacă cum am acest această aceasta lui ei lor le îi mi vă rog mulțumesc mulțumim bună ziua seara salut aș "
    "dori puteți puteam avem aveți cumva când unde meu mea mei mele dumneavoastră stimată stimate stimă îmi "
    "ați încă cât cine comandă comanda factură factura preț livrare bani cont plăcea vrea vreau doresc ieri "
    "azi mâine luni marți miercuri joi vineri sâmbătă duminică săptămână cineva ceva foarte deci sunteți "
    "suntem voi noi noastră nostru trebuie nimic totul poate acum până fără doar atașat spune trimite",
    "sv": "och att det i en som är på av för med den till inte om ett men var jag har de vi kan hej tack ni från",
    "da": "og at det i en som er på af for med den til ikke om et men var jeg har de vi kan hej tak fra hvis kunne",
    "cs": "a v se na je že o s do k i jak ale by po za pro od jsem dobrý den děkuji prosím jsou být které jako nebo",
}
ENDINGS = {
    "en": "ing ght ould ness ful ive",
    "es": "ción ciones dad dades iendo aron ieron amos emos illo illa aban izar áis éis",
    "ca": "ció cions tat tats tge tges itza ència eix eixo aré arem eria ment aren iren nys ssim",
    "gl": "ción cións dade dades ouse eime eina iña iño iñas iños axe ámonos émonos aría arían eiro eira eiros eiras "
    "áchelo ádeme ádenos ámoslle",
    "eu": "tzen tzea tzeko tzeagatik aren ari ekin ako etan etara tik tako koa kin ean arekin tuta aldi larik zue "
    "tzat tzak",
    "pt": "ção ções dade dades ando endo aram eram ámos emos inho inha inhas agem eiro eira eiros eiras lho lha ãos "
    "ães nte",
    "fr": "tion tions eux ait aient ais eur eurs euse ment ette ques oir ère ée ées ez",
    "de": "ung ungen lich liche heit keit schaft isch ischen cht chen sche igen stück ieren ließ",
    "it": "zione zioni tà ato ata ati ate etto etta zza zze gli cchi aggio iamo ebbe mente ssimo",
    "nl": "ijk ijke heid tje tjes jes aat oor ijn aan isch oek eeft aren eren elijk",
    "pl": "ość ości owa owy owe nie nia ania enia ego emu ych imi ów ać eć ić ej cie ski ska łam łem ałam ałem iła",
    "ro": "ul ului ilor ile ește ează ția ții ție țiile rea area irea ându uri eți ați iți ești",
}
"""Of words of five letters and more."""
LETTERS = {
    "es": "ñ ¿ ¡",
    "ca": "· ç l·l ny",
    "gl": "ñ",
    "eu": "tz tx ts rr kz",
    "pt": "ã õ ç lh nh ê",
    "fr": "ç ê œ û î ë oi eau",
    "de": "ß ä ö ü sch",
    "it": "ì ù ò zz cch",
    "nl": "ij aa oo uu ieu",
    "pl": "ł ą ę ż ź ś ć ń cz sz rz",
    "ro": "ț ș ă ţ ş",
    "sv": "å ä ö",
    "da": "å æ ø",
    "cs": "ě ř ů ž š č",
}


def scores(sample: str) -> dict[str, float]:
    """How much of a text speaks for each language (primary tags); nothing for those that nothing speaks for."""
    found: dict[str, float] = {}
    for word in sample.casefold().replace("’", "'").replace("'", "' ").split():
        for language, weight in _WORDS.get(word) or _unlisted(word):
            found[language] = found.get(language, 0.0) + weight
    return found


def clear(found: Mapping[str, float]) -> str:
    """The language that is well ahead of all others, "" when none is."""
    ranked = sorted(found.items(), key=lambda pair: -pair[1])[:2]
    if not ranked or ranked[0][1] < ENOUGH:
        return ""
    if len(ranked) > 1 and ranked[0][1] < AHEAD * ranked[1][1]:
        return ""
    return ranked[0][0]


def agrees(found: Mapping[str, float], language: str) -> bool:
    """Whether nothing here speaks more for another language: one who knows no Galician takes it for Portuguese."""
    return language not in WORDS or 0 < found.get(language, 0.0) == max(found.values())


@lru_cache(maxsize=10_000)
def _unlisted(word: str) -> tuple[tuple[str, float], ...]:
    """What the spelling of a word says."""
    weights = tuple(pair for letters in set(_ODD.findall(word)) for pair in _LETTERS[letters])
    if len(word) < 5:
        return weights
    return weights + next((_ENDINGS[word[-n:]] for n in (9, 6, 5, 4, 3, 2) if word[-n:] in _ENDINGS), ())


def _shared(table: Mapping[str, Iterable[str]], whole: float = 1.0) -> dict[str, tuple[tuple[str, float], ...]]:
    """feature -> (language, weight) of each language that has it."""
    found: dict[str, list[str]] = {}
    for language, features in table.items():
        for feature in dict.fromkeys(features):
            found.setdefault(feature, []).append(language)
    return {feature: tuple((tag, whole / len(tags)) for tag in tags) for feature, tags in found.items()}


def _spellings(words: str) -> list[str]:
    """The words of a list, and the longer ones without their accents, too."""
    bare = "".join(c for c in unicodedata.normalize("NFD", words) if not unicodedata.combining(c)).replace("ł", "l")
    return [*words.replace("'", "' ").split(), *(word for word in bare.split() if len(word) > 3)]


_WORDS = _shared({language: _spellings(words) for language, words in WORDS.items()})
_ENDINGS = _shared({language: endings.split() for language, endings in ENDINGS.items()}, _ENDING)
_LETTERS = _shared({language: letters.split() for language, letters in LETTERS.items()}, _LETTER)
_ODD = re.compile("|".join(map(re.escape, sorted(_LETTERS, key=len, reverse=True))))
