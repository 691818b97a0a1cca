"""Who said what by textacy, paragraph by paragraph; runs in the peer's own Python.

Reads a JSON list of texts on standard input, writes one JSON object: load and read CPU seconds, peak MB, found.
"""

import json
import sys
import time
from pathlib import Path


def peak_mb() -> float:
    """Most memory this process ever held; getrusage would count what its parent held before it was started."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status names no peak; run this on Linux")


texts = json.load(sys.stdin)
began = time.process_time()
import spacy  # noqa: E402 - loading is measured
import textacy  # noqa: E402
from textacy.extract.triples import direct_quotations  # noqa: E402

nlp = spacy.load(sys.argv[1])
loaded = time.process_time()
found = 0
for text in texts:
    for paragraph in text.split("\n"):
        if paragraph.strip():
            try:
                found += sum(1 for _ in direct_quotations(nlp(paragraph)))
            except ValueError:
                continue  # it refuses paragraphs with an odd number of quotation marks
read = time.process_time()
json.dump(
    {
        "name": f"textacy {textacy.__version__}, quotations in quotation marks only",
        "load": loaded - began,
        "read": read - loaded,
        "peak_mb": peak_mb(),
        "found": found,
    },
    sys.stdout,
)
