"""Text → who said what: pure functions on text; spaCy's own values never leave this folder."""
