"""Words that tell what stands before the address in From: a title, or that it is no person.

Tables only, in the languages of the sample answers and a few more. Written as people write them, compared after
`core.text.fold` (no case, no accents). A word that is also somebody's name may stand here all the same: whoever bears
it is greeted without a name, which offends nobody.
"""

from functools import lru_cache

from autoresponder.core.text import fold

_ROLES = """
sysadmin sysadmins legal abrechnung abrechnungen redacția redacție
info information sales support service services help helpdesk desk team staff office admin administrator administration
accounts accounting billing invoice invoices order orders shop store webshop onlineshop contact enquiries inquiries
reception secretary secretariat marketing newsletter news press media jobs careers recruiting recruitment finance
purchasing procurement logistics shipping warehouse customer customers client clients noreply reply mail email mailer
mailbox webmaster postmaster root system server notification notifications alert alerts bot robot form forms website web
site online booking bookings reservations management board committee department division group holding company
corporation enterprises industries solutions consulting partners associates agency studio studios clinic hospital hotel
restaurant cafe pharmacy university college school institute foundation association society federation union council
municipality ministry government city police library museum theatre bank insurance travel tours transport technologies
technology software systems network labs lab trust fund center centre event events feedback survey quality security
privacy community family hotline account manager director limited international global

ventas soporte servicio servicios atención cliente clientes equipo administración contabilidad facturación factura
facturas pedidos pedido compras tienda contacto información informaciones recepción secretaría dirección gerencia
recursos humanos prensa comunicación reservas almacén logística envíos calidad técnico formación empleo selección
consultas oficina departamento dpto depto grupo empresa sociedad asociación fundación ayuntamiento diputación ministerio
gobierno junta universidad facultad colegio escuela instituto academia hostal restaurante bar cafetería panadería
farmacia clínica clínico taller talleres gestoría asesoría abogados despacho inmobiliaria viajes seguros banco centro
club parroquia museo biblioteca policía comunidad vecinos autoescuela supermercado construcciones reformas transportes
suministros distribuciones hermanos hijos notaría familia pareja matrimonio presidencia alcaldía hola buenos

vendes suport servei serveis atenció equip administració comptabilitat facturació factures comandes compres botiga
contacte informació recepció direcció premsa comunicació reserves magatzem departament grup societat associació fundació
ajuntament diputació generalitat govern universitat facultat escola institut acadèmia forn tallers advocats assessoria
família veïns

vendas servizo servizos contabilidade tenda concello deputación xunta universidade veciños

salmenta salmentak laguntza zerbitzua zerbitzuak bezeroarentzako bezero bezeroak arreta taldea taldeak administrazioa
kontabilitatea fakturazioa fakturak eskaerak erosketak denda harremana informazioa harrera zuzendaritza prentsa
komunikazioa erreserbak bulegoa saila enpresa elkartea fundazioa udala udaletxea aldundia jaurlaritza gobernua
unibertsitatea ikastola eskola ospitalea liburutegia museoa kooperatiba familiak

suporte serviço serviços atendimento equipa equipe administração faturação faturamento faturas encomendas loja contato
contato informações recepção receção direção imprensa comunicação armazém escritório sociedade associação fundação
municipal prefeitura ministério governo faculdade padaria advogados financeiro apoio ouvidoria vizinhos

ventes vente commercial assistance clientèle équipe comptabilité facturation facture factures commandes commande achats
boutique magasin renseignements informations accueil réception secrétariat direction presse communication réservation
réservations bureau département groupe entreprise société fondation mairie commune préfecture ministère gouvernement
université faculté école lycée institut hôpital clinique pharmacie boulangerie cabinet avocats agence banque assurance
assurances syndic copropriété bibliothèque musée paroisse famille

vertrieb verkauf kundenservice kundendienst kundenbetreuung kunden kunde buchhaltung verwaltung rechnung rechnungen
rechnungswesen bestellung bestellungen einkauf laden geschäft kontakt anfrage anfragen auskunft empfang sekretariat
geschäftsleitung geschäftsführung leitung kommunikation reservierung lager versand büro abteilung gruppe firma
unternehmen gesellschaft verein verband stiftung gemeinde stadt stadtverwaltung landratsamt amt finanzamt ministerium
universität hochschule schule krankenhaus klinik klinikum praxis apotheke bäckerei kanzlei rechtsanwälte steuerberater
hausverwaltung versicherung sparkasse bibliothek pfarrei kirchengemeinde werkstatt autohaus personalabteilung bewerbung
bewerbungen zentrale beratung technik familie fam eheleute geschwister gebrüder ehepaar auftrag

vendite assistenza supporto servizio servizi clienti squadra amministrazione contabilità fatturazione fattura fatture
ordini ordine acquisti negozio contatti contatto informazioni accoglienza segreteria direzione stampa comunicazione
prenotazioni magazzino ufficio reparto dipartimento gruppo azienda società associazione fondazione comune provincia
regione ministero governo università facoltà scuola liceo istituto ospedale albergo ristorante panificio studio avvocati
agenzia banca assicurazioni biblioteca parrocchia ditta commerciale famiglia

verkoop ondersteuning klantenservice klanten klant dienst administratie boekhouding facturatie facturen factuur
bestelling bestellingen inkoop winkel informatie receptie secretariaat directie communicatie reserveringen magazijn
kantoor afdeling groep bedrijf maatschappij vereniging stichting gemeente provincie overheid universiteit hogeschool
instituut ziekenhuis kliniek apotheek bakkerij advocaten verzekeringen bibliotheek makelaars gezin

sprzedaż wsparcie obsługa klienta klienci klient zespół administracja księgowość faktura faktury zamówienia zamówienie
zakupy sklep informacja recepcja dyrekcja komunikacja rezerwacje magazyn biuro dział grupa spółka stowarzyszenie
fundacja urząd gmina miasto starostwo ministerstwo uniwersytet politechnika szkoła przedszkole szpital przychodnia
klinika apteka restauracja piekarnia kancelaria ubezpieczenia muzeum parafia serwis pomoc hurtownia rodzina państwo

vânzări asistență serviciu serviciul servicii clienți relații echipa echipă administrație contabilitate facturare
facturi comenzi comandă achiziții informații recepție direcție presă comunicare rezervări depozit birou biroul
departamentul societate societatea asociație asociația fundația primăria consiliul minister ministerul guvernul
universitatea facultatea școala liceul institutul spital spitalul brutăria avocați agenția bancă asigurări parohia

ооо оао зао пао ао ип тов служба поддержка поддержки отдел компания магазин офис клиентов продаж продажи администрация
бухгалтерия підтримка магазин відділ компанія πωλήσεις υποστήριξη εξυπηρέτηση πελατών γραφείο εταιρεία αε επε δήμος
מכירות תמיכה שירות לקוחות משרד חברה חברת עיריית בע شركة مؤسسة خدمة العملاء مبيعات المبيعات الدعم دعم جامعة مكتب destek
satış müşteri hizmetleri şirketi muhasebe

agencia agència airline airlines operations operaciones operacions operações opérations operazioni betrieb subscription
subscriptions suscripción suscripciones subscripcions inscripciones résultats results resultados redaktion redacción
redacció redação rédaction redazione redactie redakcja editor editorial rector rectorado chancellerie cultura kultura
kultur culture central delivery subsystem firewall spam filter daemon агентство редакция издательство infolettre tasca
peixaria
"""
"""Departments, offices, kinds of companies, groups of people."""

_TRADES = """
plumbing electrical construction builders motors garage bakery salon beauty dental dentist solicitors lawyers architects
properties realty lettings publishing foods catering cleaning freight farms nursery gym fitness hostel lodge inn pub
grill pizza pizzeria furniture gardens design designs digital creative productions records music photography films
energy manufacturing engineering auto autos motor media sport sports fashion

muebles electrodomésticos instalaciones fontanería electricidad pinturas excavaciones ferretería floristería peluquería
carnicería pescadería librería imprenta gráficas joyería óptica zapatería lavandería limpiezas jardinería carpintería
cristalería mudanzas automóviles neumáticos viveros bodegas aceites embutidos frutas alimentación moda deportes juguetes
maderas hierros aluminios ingeniería arquitectura arquitectos informática sistemas diseño fotografía producciones
editorial ediciones eventos residencia veterinaria fisioterapia psicología gimnasio yoga idiomas asesores consultores
mobles instal·lacions ferreteria perruqueria llibreria impremta òptica fusteria enginyeria arquitectes informàtica
disseny edicions residència veterinària mobiliario construcións impresións

construções instalações móveis talho mercearia café pastelaria imobiliária viagens óptica livraria gráfica engenharia
boucherie fleuriste librairie imprimerie plomberie menuiserie peinture maçonnerie électricité bâtiment coiffure optique
architecte architectes notaire notaires immobilier voyages auberge camping traiteur éditions meubles jardins tischlerei
schreinerei metzgerei elektro sanitär heizung bau gartenbau spedition druckerei architekten architekturbüro
ingenieurbüro zahnarzt zahnarztpraxis arztpraxis gasthof gasthaus pension metallbau fahrschule optik friseur
friseursalon blumen möbel mode immobilien makler reisebüro reisen buchhandlung verlag malerbetrieb macelleria officina
carrozzeria falegnameria impresa edile costruzioni impianti idraulica trasporti tipografia libreria ferramenta ottica
immobiliare viaggi trattoria agriturismo cantina edizioni mobili slagerij bouw bouwbedrijf loodgieter tandarts huisarts
praktijk boekhandel drukkerij reizen makelaardij schildersbedrijf zakład usługi drukarnia księgarnia gabinet budownictwo
nieruchomości meble construcții instalații imobiliare cofetărie pensiune editura mobilă

brewery winery deli diner tavern steakhouse florist florists barbers opticians bakers butchers
casa chez mesón taberna bodega finca masía estanco kiosco quiosco sidrería asador chiringuito heladería
pastelería confitería frutería panificadora autoservicio marisquería churrería arrocería celler
bistrot bistro brasserie épicerie fromagerie pâtisserie domaine château osteria pasticceria gelateria
enoteca bottega podere tenuta weingut konditorei brauerei winzerei gärtnerei reiterhof adega churrascaria
churrasqueira pousada kwekerij brouwerij eetcafé cukiernia karczma pensjonat browar
"""
"""What companies do, as it stands in their names."""

_NOBODY = """
the null undefined none unknown anonymous anónimo anonyme anonym anonimowy desconocido inconnu unbekannt sconosciuto
onbekend nieznany necunoscut desconegut desconhecido descoñecido ezezaguna firstname lastname forename surname first
last name nombre apellido apellidos nom prénom cognom cognoms vorname nachname nome cognome sobrenome apelido naam
voornaam achternaam imię nazwisko nume prenume izena abizena test tester user username usuario usuari utilisateur
benutzer utente gebruiker użytkownik utilizator utilizador erabiltzailea guest gast invitado invité ospite gość default
temp dummy example ejemplo sample demo someone somebody nobody me myself you yo ich moi hello hi hey hallo hola ciao
bonjour dear sir madam iphone ipad macbook imac android samsung xiaomi huawei scanner printer kopierer drucker impresora
imprimante stampante drukarka fax whatsapp outlook gmail hotmail yahoo google microsoft linkedin facebook paypal amazon
docusign dropbox wordpress shopify important urgent wichtig importante no not reply-to undisclosed recipients recipient
i.a p.p
foo bar foobar sender person somename anyone everyone world list lista liste
"""
"""What programs, devices and forms write where a name should stand."""

_PHRASES = """
via from at for with by of our your their und oder aus bei für im auftrag and or et ou chez pour avec para con por desde
mi tu su nuestro per presso with en og och oraz și über
"""
"""In lower case these join several names or words: no name of one person has them."""

_TITLES = """
mr mrs ms miss mx dr dra drs prof profa profª sr sra srta srª d dª dña dn don doña sres herr hr frau fr fräulein ing m
mme mlle monsieur madame mademoiselle sig sigra sig.ra signor signora dott dott.ssa dottor dottoressa avv geom arch rag
lic licda arq abg eng ir mag dipl dipl.-ing dhr mevr mevrouw meneer mw pan pani mgr inż hab dl dna d-na domnul doamna
jaun andrea senyor senyora sra. h.c hc med phil jur rer nat habil mult iur pol vet theol univ bay г-н г-жа д-р κ κα bay
bayan
"""
"""What stands before a name; it stays in the name and is no first name."""

_DEGREES = "phd ph.d md m.d mba esq cpa dds rn bsc msc ma ba llm ll.m cfa pmp jr sr bed med ii iii iv"
"""What stands behind a name, after a comma or in capitals."""

_FAMILY_FIRST = """
li wang zhang chen liu yang huang zhao wu zhou xu sun ma zhu hu guo lin gao luo zheng liang xie tang deng feng kim lee
park choi jung jeong kang cho yoon jang lim nguyen tran le pham hoang huynh phan vu vo dang bui do ho ngo duong ly dinh
trinh sato suzuki takahashi tanaka watanabe ito yamamoto nakamura kobayashi kato yoshida yamada sasaki yamaguchi nagy
kovacs toth szabo horvath varga kiss molnar nemeth farkas balogh
"""
"""Families whose name often stands first: the first word may not be the first name."""

_PARTICLES = """
de del della dello dei degli di da do das dos du des la las le les los lo el y e i ter ten te van von vom der den het zu
zum zur af av bin ibn bint al ul d'
"""
"""What surnames begin with; no first name."""

_QUIET = "de del y e da das dos do van von vom der den ter ten zu zum zur af av"
"""Particles that are written small within a name; the rest are as often written with a capital."""

_COMPOUNDS = "abd abdul abdel abu abou umm ibn bin عبد أبو ابو أم ام"
"""What Arabic first names begin with: one word of them is no name."""

_PARTS = """
株式会社 有限会社 合同会社 (株) 有限公司 公司 集团 集團 大学 大學 学校 學校 医院 醫院 病院 银行 銀行 中心 客服 服务 服務
部门 委员会 协会 協会 サポート お客様 センター 事務局 窓口 担当 営業 编辑 編集
주식회사 고객 센터 상담 회사 학교 병원 은행 대학교
"""
"""Parts of words of scripts that put no spaces between them."""

_ENDS = (
    "service", "buchhaltung", "abteilung", "verwaltung", "zentrum", "klinik", "verein", "gesellschaft", "betreuung",
    "versicherung", "apotheke", "verlag", "technik", "handel", "gmbh", "schaft", "zione", "zioni", "tions", "redaktion",
)  # fmt: skip
"""How long words end that name departments: compounds above all."""

_FIRMS = """
gmbh mbh inc ltd llc llp plc corp co slu slp sau srl srls sarl eurl sasu sas spa lda ltda pty bvba ohg gbr sprl sca scp
ehf kft bhd oyj zoo sp.z o.o s.l s.a s.l.u s.a.u s.r.l s.p.a b.v n.v s.l.p s.c.p s.coop e.v a.s a/s sp.j s.c s.n.c s.a.s
c.b coop koop
"""
"""What companies have behind their name, however it is spelt."""

_SHORT_FIRMS = "sa sl ag kg bv nv ab as oy ug sc se ek kk"
"""And two letters that are one only in capitals, or where all is in lower case: `Sá` and `Ag` are names."""


def _words(table: str) -> frozenset[str]:
    return frozenset(map(plain, table.split()))


@lru_cache(maxsize=4096)
def plain(word: str) -> str:
    """A word as the tables here are compared."""
    return fold(word).replace("ł", "l").rstrip(".")


NOT_A_PERSON = _words(_ROLES) | _words(_TRADES) | _words(_NOBODY)
PHRASES = _words(_PHRASES)
TITLES = _words(_TITLES)
DEGREES = _words(_DEGREES)
FAMILY_FIRST = _words(_FAMILY_FIRST)
PARTICLES = _words(_PARTICLES)
QUIET = _words(_QUIET)
COMPOUNDS = _words(_COMPOUNDS)
FIRMS = _words(_FIRMS)
SHORT_FIRMS = _words(_SHORT_FIRMS)
PARTS = tuple(_PARTS.split())


def is_role(word: str) -> bool:
    """Whether a (plain) word names a department, a kind of company, a device or nobody."""
    return word in NOT_A_PERSON or word in FIRMS or (len(word) > 8 and word.endswith(_ENDS))
