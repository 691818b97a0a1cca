"""How a Ukrainian or Russian statement reached the article, and what the article says about it.

Every answer is made of words that stand in the text.
"""

from __future__ import annotations

import re

from bot.language import slavic_names as names
from bot.language.contents import touch
from bot.language.quotes import quotation_at
from bot.model import Span, Spans, Status

_MARKED = '[«„“"][^«»„“”"\\n]{2,40}[»”“"]'
_CAPITALISED = r"[A-ZА-ЯЁІЇЄҐ][\w’'-]*(?: [A-ZА-ЯЁІЇЄҐ][\w’'-]*){0,3}"
_NOUN = rf"(?:{'|'.join(names.OUTLET_NOUNS)})\w*"
_OUTLET = rf"(?P<outlet>(?:{_NOUN} )?(?:{_MARKED}|{_CAPITALISED}))"
_OWN = (
    r"(?:(?:сво\w+|його|її|їхн\w+|его|ее|её|их|офіційн\w+|официальн\w+|особист\w+|личн\w+|власн\w+|соцмереж\w+"
    r"|соцсет\w+|допис\w+|пост\w+|повідомленн\w+|сообщени\w+|[ув]|на|каналі|канале|сторінці|странице) ){0,5}"
)
_PLATFORM = re.compile(
    rf"\b(?:[ув]|на|через|для) {_OWN}(?P<place>(?:Telegram|[Тт]елеграм|Facebook|[Фф]ейсбук|Instagram|[Іі]нстаграм"
    r"|[Ии]нстаграм|TikTok|YouTube|Twitter|[Тт]віттер|[Тт]виттер|X|Х|ВКонтакте|VK|Truth Social)[\w-]*)(?!\w)"
)
_ON_AIR = re.compile(
    rf"\b(?:[ув]|під час|во время) (?:прямому |прямом |вечірньому )?(?:ефір\w*|эфир\w*) (?:на )?"
    rf"(?:(?P<show>{_NOUN}(?!\w)(?! [«„“\"A-ZА-ЯЁІЇЄҐ]))|{_OUTLET})"
)
_INTERVIEW = re.compile(
    r"\b(?:[ву]|під час|во время) (?:\w+ )?(?:інтерв[’'ʼ]ю|интервью|коментар\w*|комментари\w+|розмов\w+|бесед\w+"
    rf"|колонц\w+|колонк\w+) (?:(?:для|с|со|з|із|зі) )?{_OUTLET}"
)
_TOLD = re.compile(rf"(?: (?:кореспондент|корреспондент|журналіст|журналист)\w+)? {_OUTLET}")
_AUDIENCE = re.compile(
    r"(?: \w+){0,1}? (?P<whom>(?:журналіст|журналист|репортер|кореспондент|корреспондент|депутат)(?:ам|ові|ке|ці|у)"
    r"|парламенту|пресі|прессе)(?!\w)"
)
_TELLS = re.compile(r"(?:переда|пиш|циту|цитиру)\w*\b", re.IGNORECASE)
_PASSED_ON = re.compile(
    r"\b(?:переда[єе]\w*|передаёт|пиш[еу]\w*|повідомля[єю]\w*|сообща[ею]т|інформу[єю]\w*|информиру[ею]т|циту[єю]\w*"
    r"|цитиру[ею]т|посилаючись на|ссылаясь на|[зі]{1,2}з? посиланням на|со ссылкой на|як стало відомо|узнал[аои]?) "
    rf"{_OUTLET}"
)

_ANY = r"(?:\w+ )?"
_CLAIM = (
    r"(?:(?:ц[юіе]\w*|так[іу]\w*|все|всі|эт[уио]\w*|таки[ех]|всё|сво[юї]|свои|його|її|его|её|ее) )?"
    rf"{_ANY}"
    r"(?:інформаці|заяв|звинувачен|твердженн|причетн|повідомленн|слова|чутк|информаци|обвинени|утвержд|причастн"
    r"|сообщени|слух)\w*"
)
_VERIFY = r"(?:перевірити|підтвердити|верифікувати|проверить|подтвердить|верифицировать)"
_COULD = r"(?:мож[еу]\w*|могут|вдалося|удалось|уда[её]тся|зміг|смог\w*|змогл\w+)"
_CANNOT = rf"(?:неможливо|невозможно|немає змоги|не {_COULD})"
_NO_PROOF = (
    r"(?:офіційного|официального|незалежного|независимого) (?:підтвердження|подтверждения) (?:\w+ ){0,3}?"
    r"(?:немає|нема|нет|не було|не было|не надходило|не поступало)"
)
_DENY = r"(?:спростува|спростову|заперечи|заперечу|відкину|відкида|опроверг|отверг|отрица)\w*"
_PATTERNS: tuple[tuple[Status, str], ...] = (
    ("unverified", rf"(?:незалежно |независимо )?{_VERIFY}\s(?:\w+ ){{0,4}}?{_CANNOT}"),
    ("unverified", rf"{_CANNOT} (?:\w+ ){{0,3}}?{_VERIFY}"),
    ("unverified", r"\bне підтверджен\w+|\bне подтвержден\w+|\bнепідтверджен\w+|\bнеподтвержд[её]нн\w+"),
    ("unverified", _NO_PROOF),
    ("retracted", r"(?:відклика[влн]\w*|отозвал\w*) (?:\w+ )?(?:заяв|слова|твердженн|утвержд)\w*"),
    ("denied", rf"\b{_DENY} {_CLAIM}"),
    ("disputed", rf"\b(?:поста\w+ під сумнів|поставил\w* под сомнение|оспорил\w*|оскаржив) {_CLAIM}"),
    ("confirmed", rf"(?<!не )\b(?:підтверди|подтверди)\w+ {_CLAIM.replace(_ANY, '')}"),
)
_STATUS = tuple((status, re.compile(pattern, re.IGNORECASE)) for status, pattern in _PATTERNS)
_PRONOUN = re.compile(r"(?:він|вона|вони|він же|он|она|они)\b", re.IGNORECASE)


def is_outlet(words: str) -> bool:
    """Whether a phrase is a medium: by a name that is known, or by what stands before the name."""
    found = names.WORD.findall(words)
    known = any(
        word.casefold() in names.OUTLET_NAMES or (names.is_name(word) and names.among(word, names.OUTLETS))
        for word in found
    )
    return known or bool(found and names.among(found[0], names.OUTLET_NOUNS))


def way_here(
    text: str, sentence: Span, cue: Spans, source: Spans, taken: Spans
) -> tuple[str | None, str | None]:
    """Return (via, audience) as printed: the platform, programme or paper it was said to, and to whom."""
    for pattern, group in ((_ON_AIR, ""), (_INTERVIEW, "outlet"), (_PLATFORM, "place")):
        for found in pattern.finditer(text, *sentence):
            name = group or ("show" if found["show"] else "outlet")
            if not touch(found.span(name), taken):
                return _bare(found[name]), None
    for start, end in (*cue, *source):
        audience = _AUDIENCE.match(text, end)
        if audience and not touch(audience.span("whom"), taken):
            return None, audience["whom"]
        told = _TOLD.match(text, end)
        spoken = (start, end) in cue and not _TELLS.match(text, start)
        if told and spoken and is_outlet(told["outlet"]) and not touch(told.span("outlet"), taken):
            return _bare(told["outlet"]), None
    return None, None


def relay_of(text: str, sentence: Span, source: Span | None, taken: Spans) -> str | None:
    """Return the outlet in ", передає Укрінформ" or "со ссылкой на ТАСС" beside somebody else's statement."""
    if source is not None and is_outlet(text[slice(*source)]):
        return None
    for found in _PASSED_ON.finditer(text, *sentence):
        if is_outlet(found["outlet"]) and not touch(found.span("outlet"), taken):
            return _bare(found["outlet"])
    return None


def status_of(
    text: str, sentences: tuple[Span, Span], source: Spans, taken: Spans, quoted: Spans
) -> tuple[Status, Span | None]:
    """Return what the statement's sentence or the next one says about it, with the words that say so."""
    sentence, following = sentences
    words = text[slice(*following)]
    surname = text[slice(*source[0])].rpartition(" ")[2] if source else ""
    of_the_speaker = bool(_PRONOUN.match(words)) or bool(
        surname and names.same(words.partition(" ")[0], surname)
    )
    for status, pattern in _STATUS:
        neutral = status in ("unverified", "retracted")
        own = next((x for x in pattern.finditer(text, *sentence) if not touch(x.span(), taken)), None)
        if own and neutral:  # in its own sentence, a denial is the speaker's of something else
            return status, own.span()
        found = pattern.search(text, *following)
        if found and (neutral or not of_the_speaker) and not quotation_at(quoted, found.start()):
            return status, found.span()
    return "none", None


def _bare(words: str) -> str:
    return " ".join(re.sub(r"[«»„“”\"]", "", words).split()).rstrip(".,")
