"""Invented articles as the documents a web server gives out: RSS 2.0, Atom, RSS 1.0 (RDF), HTML. Pure.

The markup is what news sites really serve: menus, captions, asides and footers around the text, dates in each
format's own fashion, HTML inside feeds escaped as they escape it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from html import escape

from bot.sample.world import SampleArticle, SampleOutlet, Wording

_KYIV_SUMMER = timezone(timedelta(hours=3))

Shown = Sequence[tuple[SampleArticle, Wording]]
"""Articles as they read at one moment, newest first."""


def article_path(article: SampleArticle) -> str:
    """Where an article's page lies on its outlet's server."""
    return f"/{article.published_at:%Y/%m/%d}/{article.slug}.html"


def article_guid(outlet: SampleOutlet, article: SampleArticle) -> str:
    """The entry's guid: the same whatever address and port the outlet is served from."""
    return f"tag:{outlet.outlet.domain},{article.published_at:%Y-%m-%d}:{article.slug}"


def rss(outlet: SampleOutlet, shown: Shown, base: str) -> str:
    """The feed as RSS 2.0."""
    items = "".join(_rss_item(outlet, article, wording, base) for article, wording in shown)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">\n<channel>\n'
        f"<title>{escape(outlet.outlet.name)}</title>\n<link>{base}/</link>\n"
        f"<description>{escape(outlet.motto)}</description>\n"
        f"<language>{outlet.outlet.language.lower()}</language>\n{items}</channel>\n</rss>\n"
    )


def _rss_item(outlet: SampleOutlet, article: SampleArticle, wording: Wording, base: str) -> str:
    published = article.published_at
    if outlet.outlet.language == "uk":
        published = published.astimezone(_KYIV_SUMMER)
    # Feeds carry HTML as escaped text: once for HTML, once more for XML.
    return (
        f"<item>\n<title>{escape(escape(wording.title, quote=False))}</title>\n"
        f"<link>{base}{article_path(article)}</link>\n"
        f'<guid isPermaLink="false">{escape(article_guid(outlet, article))}</guid>\n'
        f"<pubDate>{format_datetime(published)}</pubDate>\n"
        f"<dc:creator>{escape(article.author)}</dc:creator>\n"
        f"<category>{escape(article.section)}</category>\n"
        f"<description>{escape(f'<p>{escape(wording.summary, quote=False)}</p>')}</description>\n</item>\n"
    )


def atom(outlet: SampleOutlet, shown: Shown, base: str, updated: datetime) -> str:
    """The feed as Atom; with full content where the outlet gives it."""
    entries = "".join(_atom_entry(outlet, article, wording, base) for article, wording in shown)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{outlet.outlet.language}">\n'
        f"<id>tag:{outlet.outlet.domain},2031:feed</id>\n<title>{escape(outlet.outlet.name)}</title>\n"
        f"<subtitle>{escape(outlet.motto)}</subtitle>\n<updated>{_rfc3339(updated)}</updated>\n"
        f'<link rel="self" href="{base}/feed.xml"/>\n<link href="{base}/"/>\n{entries}</feed>\n'
    )


def _atom_entry(outlet: SampleOutlet, article: SampleArticle, wording: Wording, base: str) -> str:
    content = ""
    if outlet.full_content:
        content = f'<content type="html">{escape(_paragraphs(wording.body))}</content>\n'
    return (
        f"<entry>\n<id>{escape(article_guid(outlet, article))}</id>\n"
        f'<title type="text">{escape(wording.title)}</title>\n'
        f'<link rel="alternate" type="text/html" href="{base}{article_path(article)}"/>\n'
        f"<published>{_rfc3339(article.published_at)}</published>\n"
        f"<updated>{_rfc3339(wording.since)}</updated>\n"
        f"<author><name>{escape(article.author)}</name></author>\n"
        f'<summary type="text">{escape(wording.summary)}</summary>\n{content}</entry>\n'
    )


def rdf(outlet: SampleOutlet, shown: Shown, base: str) -> str:
    """The feed as RSS 1.0."""
    places = "".join(f'<rdf:li rdf:resource="{base}{article_path(article)}"/>\n' for article, _ in shown)
    items = "".join(_rdf_item(article, wording, base) for article, wording in shown)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<channel rdf:about="{base}/feed.xml">\n<title>{escape(outlet.outlet.name)}</title>\n'
        f"<link>{base}/</link>\n<description>{escape(outlet.motto)}</description>\n"
        f"<dc:language>{outlet.outlet.language}</dc:language>\n"
        f"<items>\n<rdf:Seq>\n{places}</rdf:Seq>\n</items>\n</channel>\n{items}</rdf:RDF>\n"
    )


def _rdf_item(article: SampleArticle, wording: Wording, base: str) -> str:
    address = f"{base}{article_path(article)}"
    return (
        f'<item rdf:about="{address}">\n<title>{escape(wording.title)}</title>\n<link>{address}</link>\n'
        f"<description>{escape(wording.summary)}</description>\n"
        f"<dc:creator>{escape(article.author)}</dc:creator>\n"
        f"<dc:date>{_rfc3339(article.published_at)}</dc:date>\n</item>\n"
    )


def page(outlet: SampleOutlet, article: SampleArticle, wording: Wording, others: Shown) -> str:
    """An article's page; ``others`` are offered in the margin."""
    figure = ""
    if article.caption:
        figure = (
            '<figure class="lead"><svg viewBox="0 0 160 60" role="img" aria-label="drawing">'
            '<rect width="160" height="60" fill="#cfd8dc"/><path d="M0 60 50 20 80 45 115 10 160 60z" '
            f'fill="#78909c"/></svg><figcaption>{escape(article.caption)}</figcaption></figure>\n'
        )
    related = "".join(
        f'<li><a href="{article_path(other)}">{escape(words.title)}</a></li>\n' for other, words in others[:4]
    )
    updated = ""
    if wording.since != article.published_at:
        updated = (
            f'<time class="updated" datetime="{_rfc3339(wording.since)}">{wording.since:%H:%M} UTC</time>'
        )
    body = (
        f'<main>\n<article>\n<header>\n<p class="section">{escape(article.section)}</p>\n'
        f"<h1>{escape(wording.title)}</h1>\n"
        f'<p class="byline">By <a rel="author" href="/">{escape(article.author)}</a> '
        f'<time datetime="{_rfc3339(article.published_at)}">{article.published_at:%d %B %Y, %H:%M} UTC</time> '
        f'{updated}</p>\n</header>\n{figure}<div class="article-body">\n{_paragraphs(wording.body)}</div>\n'
        f'</article>\n<aside class="related">\n<h2>{_OTHER_NEWS[outlet.outlet.language[:2]]}</h2>\n'
        f"<ul>\n{related}</ul>\n</aside>\n</main>\n"
    )
    head = (
        f'<meta name="description" content="{escape(wording.summary)}">\n'
        f'<meta property="og:type" content="article">\n'
        f'<meta property="og:title" content="{escape(wording.title)}">\n'
        f'<meta property="article:published_time" content="{_rfc3339(article.published_at)}">\n'
        f'<meta name="author" content="{escape(article.author)}">\n'
    )
    return _document(outlet, f"{wording.title} | {outlet.outlet.name}", head, body)


def front_page(outlet: SampleOutlet, shown: Shown) -> str:
    """The outlet's home page, from which its feed can be discovered."""
    items = "".join(
        f'<li><a href="{article_path(article)}">{escape(wording.title)}</a>'
        f"<p>{escape(wording.summary)}</p></li>\n"
        for article, wording in shown
    )
    body = f"<main>\n<h1>{escape(outlet.outlet.name)}</h1>\n<ul>\n{items}</ul>\n</main>\n"
    kind = "atom" if outlet.format == "atom" else "rss"
    feed = f'<link rel="alternate" type="application/{kind}+xml" href="/feed.xml">\n'
    return _document(outlet, outlet.outlet.name, feed, body)


def login_page(outlet: SampleOutlet) -> str:
    """What stands where this outlet's feed once was."""
    body = (
        "<main>\n<h1>Please sign in</h1>\n<p>Our feeds have moved behind your subscriber account.</p>\n"
        '<form action="/" method="get"><input name="user"><button>Sign in</button></form>\n</main>\n'
    )
    return _document(outlet, f"Sign in | {outlet.outlet.name}", "", body)


_OTHER_NEWS = {"en": "More from us", "uk": "Читайте також"}
_STYLE = (
    "body{font:18px/1.6 Georgia,serif;max-width:44rem;margin:auto;padding:1rem}"
    "nav a{margin-right:1rem}figcaption,footer,.byline{font-size:80%;color:#546e7a}"
)


def _document(outlet: SampleOutlet, title: str, head: str, body: str) -> str:
    name = escape(outlet.outlet.name)
    return (
        f'<!DOCTYPE html>\n<html lang="{outlet.outlet.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n{head}<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<header class="site"><a href="/">{name}</a>\n<nav><a href="/">World</a><a href="/">Politics</a>'
        f'<a href="/">Business</a><a href="/">Food</a><a href="/">Newsletters</a></nav></header>\n{body}'
        f"<footer><p>{name}: {escape(outlet.motto)}. Outlet, people, places, events and words are invented.</p>"
        "</footer>\n</body>\n</html>\n"
    )


def _paragraphs(body: str) -> str:
    return "".join(
        f"<h2>{escape(part[3:])}</h2>\n"
        if part.startswith("## ")
        else f"<p>{escape(part, quote=False)}</p>\n"
        for part in body.split("\n\n")
    )


def _rfc3339(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
