"""What is there for good is left out of garbage collection, which stops everything for as long as it looks.

The program's own code is some 150,000 objects (functions, classes, word lists). Python looks at all of them each time
a quarter more has come: 0.1 s and longer, in which no thread runs and nobody is answered.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def set_aside() -> Iterator[None]:
    """Clear up once, and leave what is there now out of every later collection, until the context is left."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
