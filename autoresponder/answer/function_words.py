"""The small words that give a language away: a first guess that costs microseconds where langdetect costs milliseconds.

A word counts for each language that has it, by one over their number, so `de` says little and `wäre` says all. The
lists know more languages than anybody has templates for: a letter in Polish is then known not to be in Spanish.
"""

from collections.abc import Mapping

ENOUGH = 2.0
"""The least score that counts as a guess."""
AHEAD = 1.7
"""How many times the score of the next language it must be."""

WORDS = {
    "en": "the and of to in is you that it for on are with as his they be at this have from or had by but not what all "
    "were we when your can said there use each which she do how their if will up about out many then them these so "
    "would like him into has could my than been who its now did get may i am me please thanks thank hello dear",
    "es": "de la que el en y a los se del las un por con no una su para es al lo como más pero sus le ya o este sí "
    "porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni "
    "contra otros ese eso ante ellos e esto mí antes algunos qué unos yo otro otras otra él tanto esa estos hola "
    "gracias buenos buenas días tardes quisiera pueden puedo están tengo hemos ustedes saludo saludos necesito",
    "ca": "de la que el i a els les un per amb no una és al del en com més però seu seva si ja o aquest aquesta són "
    "quan molt sense sobre també em fins hi ha on qui des tot ens tots ni altres això abans què jo altre ell aquests "
    "bon dia hola gràcies vull voldria podeu puc teniu tinc estem vostè vostra salutacions ho dels pel pels fer cap",
    "gl": "de a que o e do da os as un por con non unha é ao en como máis pero seu súa se xa ou este esta son cando "
    "moi sen sobre tamén me ata hai onde quen desde todo nos todos nin outros isto antes eu outro el estes ola bos "
    "días grazas quero quería podo poden teño saúdos unha polo pola dos das no na ás aos foi ten",
    "eu": "eta da ez bat du dira baina edo ere zen izan den dela dago nola hau hori zer nire zure gure bere egin behar "
    "nahi dut dugu duzu dute kaixo egun on eskerrik asko mesedez agur adeitsu batez ba bai hemen orain gero lehen "
    "arte beste guztiak zuen naiz gara zara dituzte ditut ote nuke genuke zenezakete jakin",
    "pt": "de a que o e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu "
    "sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter "
    "seus quem nas me esse eles estão você tinha foram essa num nem suas meu às minha olá obrigado obrigada bom dia "
    "gostaria posso podem tenho cumprimentos vocês boa",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec son elle "
    "ou mais nous comme vous leur on tout y été fait être cette aux sa ses si même deux aussi bien je où sans peut "
    "ces c'est d'un l'on j'ai qu'il très votre vos merci bonjour cordialement voudrais pouvez puis notre suis avez",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er "
    "hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis "
    "mehr durch man sein wurde wenn können ich mir mich ihr ihre ihren wir uns bitte danke guten tag hallo freundlichen "
    "grüßen möchte wäre könnten habe bin geehrte vielen dank",
    "it": "di e il la che in a per un è del non una con le si da i al dei come più anche ma lo gli alla sono della nel "
    "o se ha questo essere dal ed stato suo ci delle su quando cosa chi tutto loro sua mi molto fatto dopo prima solo "
    "io noi voi ho hai abbiamo vorrei posso potete grazie buongiorno ciao cordiali saluti gentile vostro vostra dell",
    "nl": "de van een het en in is dat op te zijn met voor niet aan er om ook als bij of uit nog naar heeft dan maar "
    "door over ze zich hij worden wordt hebben deze meer al kan tot was ik mijn jullie wij we u uw graag bedankt dank "
    "hallo goedemorgen groeten vriendelijke zou kunnen heb ben geachte beste wat wanneer waar",
    "pl": "w i na z do się nie to że o jest jak po ale od za przez są dla tak co czy już tego tym być przy może także "
    "tylko jego jej oraz ze mnie mi proszę dziękuję dzień dobry witam pozdrawiam chciałbym chciałabym państwo mam "
    "jestem czym kiedy gdzie moje mój bardzo będzie można",
    "ro": "de și în la a cu pe nu din este că un o pentru care să se mai ce au sunt fi prin ca sau dar după fost dacă "
    "cum am acest această aceasta lui ei lor le îi mi vă rog mulțumesc bună ziua aș dori puteți avem aveți cumva când "
    "unde meu mea dumneavoastră stimată stimate",
    "sv": "och att det i en som är på av för med den till inte om ett men var jag har de vi kan hej tack ni från",
    "da": "og at det i en som er på af for med den til ikke om et men var jeg har de vi kan hej tak fra hvis kunne",
    "cs": "a v se na je že o s do k i jak ale by po za pro od jsem dobrý den děkuji prosím jsou být které jako nebo",
}


def _weights() -> dict[str, tuple[tuple[str, float], ...]]:
    """word -> (language, weight) of each language that has it."""
    found: dict[str, list[str]] = {}
    for language, words in WORDS.items():
        for word in set(words.split()):
            found.setdefault(word, []).append(language)
    return {word: tuple((language, 1 / len(tags)) for language in tags) for word, tags in found.items()}


_WEIGHTS = _weights()


def guess(sample: str) -> str:
    """The language whose small words stand in `sample` (its primary tag), "" when that is not clear."""
    scores: dict[str, float] = {}
    for word in sample.casefold().split():
        for language, weight in _WEIGHTS.get(word, ()):
            scores[language] = scores.get(language, 0.0) + weight
    return _clear(scores)


def _clear(scores: Mapping[str, float]) -> str:
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])[:2]
    if not ranked or ranked[0][1] < ENOUGH:
        return ""
    if len(ranked) > 1 and ranked[0][1] < AHEAD * ranked[1][1]:
        return ""
    return ranked[0][0]
