"""The edge that remembers: feeds, articles, statements, stories and what is owed, in one SQLite file."""
