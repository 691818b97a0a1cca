"""What we know beforehand: topics, speakers, outlets and our own words, from TOML files an operator can extend.

Loaded once in ``app`` and handed down as a value, also to workers.
"""

from bot.knowledge.files import load
from bot.knowledge.lookup import Knowledge

__all__ = ["Knowledge", "load"]
