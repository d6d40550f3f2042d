"""Where work is done that falls into parts: in this process, in processes of this machine, or on a Dask cluster.

Nothing here schedules, retries or moves data between machines: that is the business of the executor. A part is a
picklable function of a module with picklable arguments; what it makes does not depend on where it runs.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from motiflens.models.full_disk import full_disk
from motiflens.models.keep_memory import keep_memory
from motiflens.models.option_ranges import check_numbers
from motiflens.models.worker_process import WorkerContext, end_workers, heed_end

Part = TypeVar("Part")
Made = TypeVar("Made")
_ANSWER = "10s"  # a scheduler that does not answer by then is not there


@dataclass(frozen=True)
class Workers:
    """Who does the work.

    Attributes
    ----------
    processes
        Of this machine. 1 works in this process.
    dask
        Address of a Dask scheduler, or its scheduler file, in place of processes.
    threads
        Of each worker. Sums of parallel threads depend on their number, so that it is fixed, and not what the
        machine happens to have left: results are the same bytes for any number of workers.
    """

    processes: int = 1
    dask: str | None = None
    threads: int = 1

    def __post_init__(self) -> None:
        """Refuse numbers that make no sense."""
        check_numbers(self)

    @property
    def at_once(self) -> int | None:
        """How many parts are handed out at a time; None for all (a scheduler keeps its own queue)."""
        return None if self.dask is not None else self.processes


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def device_processes(device: object) -> int:
    """Return how many processes a device keeps busy: one a core, or one a GPU."""
    if str(device).partition(":")[0] == "cuda":
        import torch

        return max(1, torch.cuda.device_count())
    return cores() if str(device) == "cpu" else 1


class Here(Executor):
    """Works in this process and thread, as parts are handed in."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it now; errors wait in the future, but Ctrl-C and exits do not."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextlib.contextmanager
def executor(workers: Workers) -> Iterator[Executor]:
    """Give the executor that `workers` ask for, and close it after the block.

    Raises
    ------
    ValueError
        If Dask is not installed, or its scheduler cannot be reached.

    Examples
    --------
    >>> with executor(Workers()) as pool:
    ...     pool.submit(pow, 2, 5).result()
    32
    """
    if workers.dask is not None:
        with _dask_client(workers.dask) as client:
            yield client.get_executor(pure=False)
    elif workers.processes == 1:
        with torch_threads(workers.threads):
            yield Here()
    else:
        context = WorkerContext()
        numbers = context.Value("i", 0)
        given = (workers.threads, workers.processes, numbers)
        pool = ProcessPoolExecutor(workers.processes, context, initializer=_begin, initargs=given)
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def check_dask(where: str) -> None:
    """Refuse an address, or scheduler file, at which no Dask scheduler answers, before anything is begun.

    Raises
    ------
    ValueError
        Naming it.
    """
    with _dask_client(where):
        pass


def _dask_client(where: str) -> Any:
    try:
        distributed = importlib.import_module("distributed")
    except ModuleNotFoundError as error:
        raise ValueError("--dask needs the package distributed: pip install 'motiflens[dask]'") from error
    options = {"scheduler_file": where} if Path(where).is_file() else {"address": where}
    try:
        return distributed.Client(**options, timeout=_ANSWER, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ValueError(
            f"no Dask scheduler answers at {where} ({error}): start one, or leave out --dask"
        ) from error


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Within the block torch computes by so many threads, where it is loaded."""
    torch = sys.modules.get("torch")
    if torch is None:  # whoever needs it has loaded it by now
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _begin(threads: int, processes: int, numbers: Any) -> None:
    """Make a fresh process a worker: its threads, its share of memory, and its GPU."""
    heed_end()
    keep_memory()
    os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = str(threads)
    with numbers.get_lock():
        number, numbers.value = numbers.value, numbers.value + 1
    os.environ["MOTIFLENS_SHARE"] = str(processes)  # of the machine's memory, see `loader.CACHE_BYTES`
    if "torch" in sys.modules:  # else it reads the variables above when it is loaded
        sys.modules["torch"].set_num_threads(threads)
    if Path("/dev/nvidia0").exists():
        import torch

        if torch.cuda.is_available():
            torch.cuda.set_device(number % torch.cuda.device_count())


@dataclass(frozen=True)
class Done(Generic[Part, Made]):
    """A part that is done.

    Attributes
    ----------
    part
        What was handed out.
    made
        What the function returned; None if it failed.
    error
        Why it failed, or None.
    """

    part: Part
    made: Made | None
    error: BaseException | None


class Crew:
    """Workers that stay between jobs: made by `crew`.

    Parameters
    ----------
    workers
        Who they are.
    """

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self._open = contextlib.ExitStack()
        self._pool: Executor | None = None

    def completed(self, function: Callable[[Part], Made], parts: Iterable[Part]) -> Iterator[Done[Part, Made]]:
        """Hand parts to workers and yield each as it is done, in any order; an error of one is no other's.

        A worker process that dies takes with it what was being done at that moment, which is reported as failed;
        the rest goes to new processes. On a Dask cluster the scheduler decides. A full disk ends it all.

        Parameters
        ----------
        function
            Of a module, so that it can be pickled; takes one part.
        parts
            What to hand out; read as workers become free.

        Raises
        ------
        OSError
            If the disk is full.
        """
        queue = _Queue(parts)
        workers = self.workers
        call = function if workers.dask is None else partial(_on_cluster, function, workers.threads, _plugins())
        while (yield from _until_broken(call, queue, self._workers(), workers.at_once)):
            self.close()

    def _workers(self) -> Executor:
        if self._pool is None:
            self._pool = self._open.enter_context(executor(self.workers))
        return self._pool

    def stop(self) -> None:
        """End what processes of this machine are doing; nobody waits for it any more."""
        if isinstance(self._pool, ProcessPoolExecutor):
            self._pool.shutdown(wait=False, cancel_futures=True)
            end_workers()

    def close(self) -> None:
        """Let the workers go."""
        self._open.close()
        self._pool = None


@contextlib.contextmanager
def crew(workers: Workers) -> Iterator[Crew]:
    """Give workers that stay for several jobs, and let them go after the block; they stop at once if it fails.

    Examples
    --------
    >>> with crew(Workers()) as team:
    ...     [done.made for done in team.completed(abs, [-1, 2])]
    [1, 2]
    """
    team = Crew(workers)
    try:
        yield team
    except BaseException:
        team.stop()
        raise
    finally:
        team.close()


class _Queue(Generic[Part]):
    """Parts, read when they are wanted; one can be put back."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts, self._back = iter(parts), list[Part]()

    def take(self) -> list[Part]:
        """Return the next part, or nothing."""
        return [self._back.pop()] if self._back else list(itertools.islice(self._parts, 1))

    def put_back(self, part: Part) -> None:
        self._back.append(part)


def _until_broken(
    call: Callable[[Part], Made], queue: _Queue[Part], pool: Executor, at_once: int | None
) -> Generator[Done[Part, Made], None, bool]:
    """Yield what is done; return whether the pool broke, so that parts may be left."""
    running: dict[Future[Made], Part] = {}
    broken = False
    while True:
        while not broken and (at_once is None or len(running) < at_once):
            taken = queue.take()
            if not taken:
                break
            try:
                running[pool.submit(call, taken[0])] = taken[0]
            except BrokenProcessPool:
                queue.put_back(taken[0])
                broken = True
        if not running:
            return broken
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            error = future.exception()
            broken = broken or isinstance(error, BrokenProcessPool)
            if error is not None and full_disk(error) is not None:
                raise error  # no fault of this part: the others would fail, too
            yield Done(running.pop(future), None if error is not None else future.result(), error)


_ONE_AT_A_TIME = threading.Lock()  # threads of a Dask worker share torch's random state


def _plugins() -> str:
    return os.environ.get("MOTIFLENS_PLUGINS", "")


def _on_cluster(function: Callable[[Part], Made], threads: int, plugins: str, part: Part) -> Made:
    with _ONE_AT_A_TIME, torch_threads(threads):
        if plugins:
            os.environ["MOTIFLENS_PLUGINS"] = plugins
        return function(part)
