"""The fault scorecard reads pytest's report right: a failure is never shown as a pass."""

from benchmarks.fault_scorecard import Staged, docstrings, scored

REPORT = """<testsuites><testsuite>
<testcase name="test_f07_invented[True]"/>
<testcase name="test_f07_invented[False]"><failure message="no"/></testcase>
<testcase name="test_f08_invented"><skipped message="needs a disk"/></testcase>
<testcase name="test_f29_invented"><error message="no"/></testcase>
<testcase name="test_kills_lose_nothing_and_post_nothing_twice[0]"/>
<testcase name="test_something_else"/>
</testsuite></testsuites>"""


def test_each_fault_gets_its_outcome_and_its_words():
    staged = scored(REPORT, {"test_f07_invented": "A fault,\n    and what is expected."})
    assert [(one.fault, one.outcome, one.held) for one in staged] == [
        (5, "passed", True),
        (7, "1 passed, 1 failed", False),
        (8, "skipped: needs a disk", True),
        (29, "failed", False),
    ]
    assert staged[1] == Staged(7, "test_f07_invented", "A fault, and what is expected.", "1 passed, 1 failed")
    assert staged[2].words == "invented"


def test_docstrings_are_found_by_the_tests_name(tmp_path):
    path = tmp_path / "test_invented.py"
    path.write_text('async def test_f01_invented():\n    """A fault."""\n\n\ndef helper():\n    pass\n')
    assert dict(docstrings([path])) == {"test_f01_invented": "A fault."}
