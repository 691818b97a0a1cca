"""Worker processes under bad jobs. The jobs are functions of the standard library, called by name."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from bot.ports import WorkerLost
from bot.runtime.workers import Closed, Job, WorkerCrew

ROOT = Path(__file__).parents[2]

CATASTROPHE = Job("a pattern", "re:match", ("(a+)+$", "a" * 60 + "b"))
"""A C call that runs for ages and never lets another thread of its process run."""


def process_ids() -> set[int]:
    # One that has ended and waits to be collected is no worker, and has no command line to look at.
    children = [x for x in psutil.Process().children() if x.status() != psutil.STATUS_ZOMBIE]
    return {child.pid for child in children if "resource_tracker" not in " ".join(child.cmdline())}


async def gone(ids: set[int]) -> None:
    while any(psutil.pid_exists(one) and psutil.Process(one).status() != "zombie" for one in ids):  # noqa: ASYNC110 - other processes tell no event
        await asyncio.sleep(0.02)


class Losses(list[str]):
    """Which kinds of worker were lost."""


@pytest.fixture
def losses():
    return Losses()


@pytest.fixture
async def crew(losses):
    crews: list[WorkerCrew] = []

    def build(
        size: int = 1,
        *,
        deadline: float = 30,
        recycle_after: int = 1000,
        recycle_megabytes: int = 0,
        modules: tuple[str, ...] = (),
    ):
        built = WorkerCrew(
            "test",
            size,
            modules=modules,
            deadline=deadline,
            recycle_after=recycle_after,
            recycle_megabytes=recycle_megabytes,
            on_lost=losses.append,
        )
        crews.append(built)
        return built

    before = process_ids()
    yield build
    for one in crews:
        await one.close(grace=0)
    assert process_ids() <= before, "closing left a process behind"


async def test_no_process_starts_before_the_first_job(crew):
    before = process_ids()
    workers = crew(size=2)
    assert process_ids() == before
    await workers.do(Job("one", "os:getpid"))
    assert len(process_ids() - before) == 1, "the second worker is not needed yet"


async def test_a_result_comes_back_and_the_process_is_kept(crew):
    workers = crew()
    first = await workers.do(Job("one", "os:getpid"))
    assert first != os.getpid()
    assert await workers.do(Job("two", "os:getpid")) == first


async def test_workers_use_one_thread_per_numeric_library(crew):
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        assert await crew().do(Job(name, "os:getenv", (name,))) == "1"


async def test_workers_leave_the_processors_to_the_process_that_started_them(crew):
    workers = crew()
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    theirs = await workers.do(Job("its priority", "os:getpriority", (os.PRIO_PROCESS, 0)))
    assert theirs == min(ours + 10, 19)


async def test_keyword_arguments_arrive(crew):
    assert await crew().do(Job("a number", "builtins:int", ("ff",), {"base": 16})) == 255


async def test_a_worker_is_replaced_after_its_number_of_jobs(crew):
    workers = crew(recycle_after=2)
    seen = [await workers.do(Job("one", "os:getpid")) for _ in range(6)]
    assert [seen.count(one) for one in dict.fromkeys(seen)] == [2, 2, 2]


async def test_a_worker_that_has_grown_too_large_is_replaced_without_a_loss(crew, losses):
    workers = crew(recycle_megabytes=400)
    first = await workers.do(Job("one", "os:getpid"))
    assert await workers.do(Job("two", "os:getpid")) == first
    grow = Job(
        "a large page", "builtins:exec", ("import json; json.kept = bytearray(b'x') * 500_000_000", {})
    )
    assert await workers.do(grow) is None
    assert await workers.do(Job("three", "os:getpid")) != first
    await gone({first})
    assert losses == []


async def test_memory_that_a_job_gave_back_does_not_count(crew):
    workers = crew(recycle_megabytes=400)
    first = await workers.do(Job("one", "os:getpid"))
    await workers.do(Job("a large page", "builtins:exec", ("len(bytearray(b'x') * 500_000_000)", {})))
    assert await workers.do(Job("two", "os:getpid")) == first


async def test_an_ordinary_exception_comes_back_with_the_workers_traceback(crew, losses):
    workers = crew()
    with pytest.raises(ValueError, match="invalid literal") as caught:
        await workers.do(Job("a number", "builtins:int", ("x",)))
    assert caught.type is ValueError
    assert any("In the worker" in note for note in caught.value.__notes__)
    assert await workers.do(Job("a number", "builtins:int", ("7",))) == 7
    assert losses == []


@pytest.mark.parametrize(
    ("job", "kind", "words"),
    [
        (Job("json", "json:loads", ("{",)), ValueError, "Expecting property name"),
        (Job("bytes", "codecs:decode", (b"\xff", "utf-8")), ValueError, "can't decode"),
        (Job("exit", "sys:exit", (3,)), RuntimeError, "SystemExit: 3"),
        (Job("nothing", "os:no_such_function"), AttributeError, "no_such_function"),
        (Job("result", "threading:Lock"), TypeError, "pickle"),
    ],
    ids=["library's own type", "type that needs more than a message", "exit", "no function", "no pickle"],
)
async def test_exceptions_arrive_as_the_nearest_builtin(crew, job, kind, words):
    with pytest.raises(kind, match=words) as caught:
        await crew().do(job)
    assert caught.type.__module__ == "builtins"


@pytest.mark.parametrize(
    "job",
    [Job("the feed http://slow.example/", "time:sleep", (600,)), CATASTROPHE],
    ids=["sleeps", "holds the GIL"],
)
async def test_a_job_past_its_deadline_is_killed_and_named(crew, losses, job):
    workers = crew(deadline=0.5)
    first = await workers.do(Job("one", "os:getpid"))
    with pytest.raises(WorkerLost, match=r"took longer than 0\.5 s") as caught:
        await workers.do(job)
    assert str(caught.value).startswith(job.subject)
    await gone({first})
    assert await workers.do(Job("two", "os:getpid")) != first
    assert losses == ["test"]


async def test_neighbours_of_a_hanging_job_go_on(crew):
    workers = crew(size=2, deadline=1, recycle_after=1_000_000)
    hanging = asyncio.create_task(workers.do(Job("a hang", "time:sleep", (600,))))
    await asyncio.sleep(0)
    neighbours = {await workers.do(Job("one", "os:getpid"))}
    while not hanging.done():
        neighbours.add(await workers.do(Job("one", "os:getpid")))
    with pytest.raises(WorkerLost):
        await hanging
    assert len(neighbours) == 1


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (Job("a page", "os:_exit", (3,)), "exit status 3"),
        (Job("a page", "signal:raise_signal", (signal.SIGSEGV,)), "SIGSEGV"),
        (Job("a page", "signal:raise_signal", (signal.SIGKILL,)), "memory"),
    ],
    ids=["exit", "segmentation fault", "killed"],
)
async def test_a_worker_that_dies_is_replaced_and_its_job_told_how(crew, losses, job, words):
    workers = crew()
    await workers.do(Job("one", "os:getpid"))
    with pytest.raises(WorkerLost, match=words):
        await workers.do(job)
    assert await workers.do(Job("a number", "builtins:int", ("7",))) == 7
    assert losses == ["test"]


async def test_a_worker_killed_while_idle_is_replaced_without_a_loss(crew, losses):
    workers = crew()
    first = await workers.do(Job("one", "os:getpid"))
    os.kill(first, signal.SIGKILL)
    await gone({first})
    assert await workers.do(Job("two", "os:getpid")) != first
    assert losses == []


async def test_cancelling_the_caller_kills_the_job_and_frees_the_worker(crew, losses):
    workers = crew()
    first = await workers.do(Job("one", "os:getpid"))
    waiting = asyncio.create_task(workers.do(Job("a hang", "time:sleep", (600,))))
    await asyncio.sleep(0.2)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await gone({first})
    assert await workers.do(Job("two", "os:getpid")) != first
    assert losses == []


async def test_cancelling_one_who_waits_for_a_worker_hurts_nobody(crew):
    workers = crew()
    busy = asyncio.create_task(workers.do(Job("a nap", "time:sleep", (0.3,))))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(workers.do(Job("two", "os:getpid")))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await busy is None
    assert waiting.cancelled() or await asyncio.wait({waiting})
    assert await workers.do(Job("a number", "builtins:int", ("7",))) == 7


async def test_many_jobs_at_once_are_all_done_with_few_processes(crew):
    workers = crew(size=2)
    before = process_ids()
    jobs = [workers.do(Job(str(number), "builtins:pow", (number, 2))) for number in range(200)]
    assert await asyncio.gather(*jobs) == [number**2 for number in range(200)]
    assert len(process_ids() - before) <= 2


async def test_large_documents_travel_both_ways(crew):
    body = os.urandom(8_000_000)
    assert await crew().do(Job("a large page", "builtins:bytes", (body,))) == body


async def test_a_worker_that_cannot_import_its_modules_says_which(crew, losses):
    workers = crew(modules=("no_such_module_anywhere",))
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"could not start: .*no_such_module_anywhere.*reinstall"):
            await workers.do(Job("one", "os:getpid"))
    assert losses == []


async def test_closing_ends_a_hanging_job_and_those_who_wait(crew):
    workers = crew()
    before = process_ids()
    jobs = [asyncio.create_task(workers.do(Job("a hang", "time:sleep", (600,)))) for _ in range(3)]
    await asyncio.sleep(0.3)
    await workers.close(grace=0.1)
    ends = await asyncio.gather(*jobs, return_exceptions=True)
    assert [type(end) for end in ends] == [Closed, Closed, Closed]
    assert process_ids() <= before
    with pytest.raises(Closed):
        await workers.do(Job("late", "os:getpid"))


async def test_closing_lets_a_short_job_finish(crew):
    workers = crew()
    await workers.do(Job("one", "os:getpid"))
    job = asyncio.create_task(workers.do(Job("a nap", "time:sleep", (0.3,))))
    await asyncio.sleep(0.05)
    await workers.close(grace=30)
    assert await job is None


async def test_closing_while_a_process_is_still_starting_leaves_nothing(crew):
    workers = crew()
    job = asyncio.create_task(workers.do(Job("one", "os:getpid")))
    await asyncio.sleep(0)
    await workers.close(grace=0)
    assert isinstance((await asyncio.gather(job, return_exceptions=True))[0], Closed)


PROGRAM = textwrap.dedent("""
    import asyncio, json, multiprocessing, signal
    from bot.runtime.workers import Job, WorkerCrew

    async def main():
        crew = WorkerCrew("test", 2, modules=(), deadline=600, recycle_after=9, on_lost=print)
        try:
            ids = await asyncio.gather(crew.do(Job("a", "os:getpid")), crew.do(Job("b", "os:getpid")))
            jobs = [asyncio.create_task(crew.do(Job("hang", *job))) for job in HANGS]
            await asyncio.sleep(0.3)
            print(json.dumps(ids), flush=True)
            await asyncio.gather(*jobs)
        finally:
            await crew.close()

    if __name__ == "__main__":
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("interrupted")
""")


async def _start(
    tmp_path: Path, hangs: list[tuple[str, tuple[object, ...]]]
) -> tuple[subprocess.Popen[str], set[int]]:
    script = tmp_path / "program.py"
    script.write_text(f"HANGS = {hangs!r}\n{PROGRAM}", encoding="utf-8")
    program = subprocess.Popen(  # noqa: ASYNC220 - one line is read from it, then it is signalled
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert program.stdout is not None
    line = await asyncio.to_thread(program.stdout.readline)
    return program, set(json.loads(line))


async def test_ctrl_c_ends_program_and_workers_without_a_traceback(tmp_path):
    program, ids = await _start(
        tmp_path, [("time:sleep", (600,)), (CATASTROPHE.target, tuple(CATASTROPHE.args))]
    )
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does: to the whole group
    output, errors = await asyncio.to_thread(program.communicate, timeout=60)
    await gone(ids)
    assert (program.returncode, output, errors) == (0, "interrupted\n", "")


@pytest.mark.parametrize(
    "job",
    [
        ("time:sleep", (600,)),
        pytest.param(
            (CATASTROPHE.target, tuple(CATASTROPHE.args)),
            marks=pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends at its deadline"),
        ),
    ],
    ids=["sleeps", "holds the GIL"],
)
async def test_workers_end_when_their_program_is_killed(tmp_path, job):
    program, ids = await _start(tmp_path, [job])
    program.kill()
    await asyncio.to_thread(program.communicate)
    await gone(ids)


def test_a_job_that_nobody_is_left_to_kill_ends_by_itself():
    call = f"workbench.perform({CATASTROPHE.target!r}, {CATASTROPHE.args!r}, {{}}, 0.1 - workbench._OVERDUE_SECONDS)"
    program = [sys.executable, "-c", f"from bot.runtime import workbench; {call}"]
    assert subprocess.run(program, cwd=ROOT, check=False).returncode == -signal.SIGALRM
