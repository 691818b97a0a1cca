"""Polling by lemon24/reader; runs in the peer's own Python.

Arguments: the control address and how many at once; the feeds' addresses on standard input as JSON. For each
round it asks the control address to publish, updates all feeds, and writes a JSON object: round, CPU and wall
seconds, peak MB, new entries, and the server's count of answers with and without a body.
"""

import json
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from reader import __version__, make_reader


def peak_mb() -> float:
    """Most memory this process ever held; getrusage would count what its parent held before it was started."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status names no peak; run this on Linux")


control = sys.argv[1]
workers = int(sys.argv[2])
urls = json.load(sys.stdin)

with tempfile.TemporaryDirectory() as folder:
    reader = make_reader(f"{folder}/reader.sqlite")
    for url in urls:
        reader.add_feed(url)
    for name, share in (("first fetch", "0"), ("all 304", "0"), ("95 % 304", "0.05")):
        urllib.request.urlopen(f"{control}/publish?share={share}").read()  # noqa: S310 - loopback
        cpu, wall = time.process_time(), time.perf_counter()
        new = 0
        for result in reader.update_feeds_iter(workers=workers, scheduled=False):
            if isinstance(result.value, Exception):
                raise result.value
            new += result.value.new if result.value else 0
        spent = time.process_time() - cpu, time.perf_counter() - wall
        answers = json.load(urllib.request.urlopen(f"{control}/answers"))  # noqa: S310 - loopback
        print(
            json.dumps(
                {
                    "name": f"lemon24/reader {__version__}",
                    "round": name,
                    "cpu": spent[0],
                    "wall": spent[1],
                    "peak_mb": peak_mb(),
                    "new": new,
                    **answers,
                }
            ),
            flush=True,
        )
    reader.close()
