"""Feed → article text: when to look, polite bounded HTTP, bytes → entries, which of them are new, page → text."""
