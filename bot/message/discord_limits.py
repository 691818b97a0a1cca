"""What Discord takes, by its own documentation and OpenAPI description, and what we leave free. Numbers only.

Sources: Discord's developer documentation of August 2026 (components reference, message resource, interactions,
application commands). The text of all displays of one message counts together, in raw characters: addresses and
backslashes too.
"""

from __future__ import annotations

TEXT_CHARS = 4_000
"""Of all text displays of one message together."""
COMPONENTS = 40
"""Of one message, nested ones counted."""
ROW_BUTTONS = 5
BUTTON_LABEL = 80
CUSTOM_ID = 100
BUTTON_URL = 512
MODAL_TITLE = 45
MODAL_INPUTS = 5
INPUT_LABEL = 45
INPUT_DESCRIPTION = 100
INPUT_CHARS = 4_000
FORM_VALUE = 400
"""Of one input of ours: less than a typed line may have."""
CHOICES = 25
CHOICE_CHARS = 100
COMMAND_NAME = 32
COMMAND_DESCRIPTION = 100
THREAD_NAME = 100
NONCE = 25

RESERVED_CHARS = 250
"""Left free on each page for our own lines: page number, who asked, that it may be a repetition."""
RESERVED_COMPONENTS = 14
"""Left free on each page: a line, and two rows of buttons."""
PAGE_CHARS = TEXT_CHARS - RESERVED_CHARS
PAGE_COMPONENTS = COMPONENTS - RESERVED_COMPONENTS
BLOCK_CHARS = 2_400
"""No single block is longer, so that it fits a page together with the titles above it."""
LABEL_CHARS = 80
URL_CHARS = 500
"""A longer address is not linked; articles' addresses have some hundred characters."""
