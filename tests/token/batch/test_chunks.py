import threading
from itertools import islice

import pytest

from keyfob.batch.chunks import cores, in_chunks, nobody


def spans(count, size, *, parallel=False, advance=nobody):
    return list(in_chunks(lambda first, last: (first, last), count, size, parallel=parallel, advance=advance))


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [
        (0, 4, []),
        (3, 4, [(0, 3)]),
        (4, 4, [(0, 4)]),
        (9, 4, [(0, 4), (4, 8), (8, 9)]),
    ],
)
def test_chunks_cover_every_place_once_and_in_order(count, size, expected, parallel):
    assert spans(count, size, parallel=parallel) == expected


def test_threads_give_the_results_in_order():
    assert spans(1000, 3, parallel=True) == spans(1000, 3)


@pytest.mark.parametrize("parallel", [False, True])
def test_range_without_end_streams(parallel):
    endless = in_chunks(lambda first, _: first, 2**80, 10, parallel=parallel, advance=nobody)
    assert list(islice(endless, 50)) == list(range(0, 500, 10))
    endless.close()


@pytest.mark.parametrize("parallel", [False, True])
def test_failure_in_a_chunk_reaches_the_caller(parallel):
    def work(first, _):
        if first == 30:
            raise ZeroDivisionError
        return first

    results = in_chunks(work, 1000, 10, parallel=parallel, advance=nobody)
    with pytest.raises(ZeroDivisionError):
        list(results)


def test_no_thread_outlives_the_work():
    before = threading.active_count()
    spans(1000, 10, parallel=True)
    endless = in_chunks(lambda first, _: first, 2**80, 10, parallel=True, advance=nobody)
    next(endless)
    endless.close()
    assert threading.active_count() == before


def test_all_cores_work_and_one_core_means_this_thread():
    here = threading.get_ident()
    barrier = threading.Barrier(cores(), timeout=20.0)

    def meet(_first, _last):
        barrier.wait()
        return threading.get_ident()

    together = set(in_chunks(meet, 4 * cores(), 1, parallel=True, advance=nobody))
    assert len(together) == cores()
    assert here not in together
    assert set(in_chunks(lambda *_: threading.get_ident(), 9, 1, parallel=False, advance=nobody)) == {here}


@pytest.mark.parametrize("parallel", [False, True])
def test_progress_is_told_in_the_callers_thread(parallel):
    told = []
    spans(95, 10, parallel=parallel, advance=lambda more: told.append((more, threading.get_ident())))
    assert [more for more, _ in told] == [10] * 9 + [5]
    assert {thread for _, thread in told} == {threading.get_ident()}
