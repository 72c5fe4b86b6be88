import asyncio
import threading

import pytest

from keyfob_verifier.service import group_commit
from keyfob_verifier.service.group_commit import MAX_BATCH, GroupCommit


class Writer:
    """Doubles numbers, notes its batches, and stops at the gate when there is one.

    After a full disk it cannot be written until somebody makes room.
    """

    def __init__(self, gate=None):
        self.batches = []
        self.gate = gate
        self.is_full = False
        self.probes = 0

    def probe(self):
        self.probes += 1
        if self.is_full:
            raise OSError("disk still full")

    def __call__(self, requests):
        self.batches.append(list(requests))
        if self.gate is not None:
            self.gate.wait(10)
        if "bad" in requests:
            raise ValueError("bad batch")
        if "disk full" in requests:
            self.is_full = True
            raise OSError("disk full")
        return [2 * request for request in requests]


def test_single_request_does_not_wait_for_company():
    async def scenario():
        writer = Writer()
        commit = GroupCommit(writer, OSError, writer.probe)
        assert await commit.submit(3) == 6
        assert writer.batches == [[3]]
        commit.close()

    asyncio.run(scenario())


def test_requests_that_arrive_during_a_batch_share_the_next_in_order():
    async def scenario():
        writer = Writer(threading.Event())
        commit = GroupCommit(writer, OSError, writer.probe)
        first = asyncio.create_task(commit.submit(0))
        await asyncio.sleep(0.05)
        rest = [asyncio.create_task(commit.submit(n)) for n in range(1, 6)]
        await asyncio.sleep(0.05)
        writer.gate.set()
        assert await asyncio.gather(first, *rest) == [0, 2, 4, 6, 8, 10]
        assert writer.batches == [[0], [1, 2, 3, 4, 5]]
        commit.close()

    asyncio.run(scenario())


def test_failed_batch_fails_its_requests_and_no_others():
    async def scenario():
        writer = Writer()
        commit = GroupCommit(writer, OSError, writer.probe)
        with pytest.raises(ValueError, match="bad batch"):
            await commit.submit("bad")
        assert await commit.submit(1) == 2
        commit.close()

    asyncio.run(scenario())


def test_caller_that_went_away_does_not_hold_up_the_others():
    async def scenario():
        writer = Writer(threading.Event())
        commit = GroupCommit(writer, OSError, writer.probe)
        first = asyncio.create_task(commit.submit(0))
        await asyncio.sleep(0.05)
        gone, stays = asyncio.create_task(commit.submit(1)), asyncio.create_task(commit.submit(2))
        await asyncio.sleep(0.05)
        gone.cancel()
        writer.gate.set()
        assert await first == 0
        assert await stays == 4
        commit.close()

    asyncio.run(scenario())


def test_batch_has_a_limit():
    async def scenario():
        writer = Writer()
        commit = GroupCommit(writer, OSError, writer.probe)
        answers = await asyncio.gather(*(commit.submit(n) for n in range(MAX_BATCH + 10)))
        assert answers == [2 * n for n in range(MAX_BATCH + 10)]
        assert max(map(len, writer.batches)) <= MAX_BATCH
        commit.close()

    asyncio.run(scenario())


def test_fault_of_one_request_is_not_told_to_the_others():
    async def scenario():
        writer = Writer(threading.Event())
        commit = GroupCommit(writer, OSError, writer.probe)
        first = asyncio.create_task(commit.submit(0))
        await asyncio.sleep(0.05)
        rest = [asyncio.create_task(commit.submit(request)) for request in (1, "bad", 2)]
        await asyncio.sleep(0.05)
        writer.gate.set()
        assert await first == 0
        one, bad, two = await asyncio.gather(*rest, return_exceptions=True)
        assert (one, two) == (2, 4)
        assert isinstance(bad, ValueError)
        commit.close()

    asyncio.run(scenario())


def test_common_fault_is_told_to_all_without_another_try():
    async def scenario():
        writer = Writer(threading.Event())
        commit = GroupCommit(writer, OSError, writer.probe)
        first = asyncio.create_task(commit.submit(0))
        await asyncio.sleep(0.05)
        rest = [asyncio.create_task(commit.submit(request)) for request in (1, "disk full", 2)]
        await asyncio.sleep(0.05)
        writer.gate.set()
        assert await first == 0
        told = await asyncio.gather(*rest, return_exceptions=True)
        assert all(isinstance(error, OSError) for error in told)
        assert writer.batches == [[0], [1, "disk full", 2]]
        commit.close()

    asyncio.run(scenario())


def test_answer_that_is_missing_fails_its_batch_and_nothing_later():
    async def scenario():
        commit = GroupCommit(lambda requests: [] if "lost" in requests else list(requests), OSError, list)
        with pytest.raises(ValueError, match="shorter"):
            await commit.submit("lost")
        assert await commit.submit("found") == "found"
        commit.close()

    asyncio.run(scenario())


async def recovered(commit):
    """Returns once a probe has succeeded, however slow the machine; fails after ten seconds."""
    async with asyncio.timeout(10):
        while True:
            try:
                return commit.raise_failure()
            except OSError:
                await asyncio.sleep(0.005)


@pytest.fixture
def quick_probes(monkeypatch):
    monkeypatch.setattr(group_commit, "PROBE_S", 0.01)


def test_nothing_is_decided_after_a_common_fault_until_a_probe_has_succeeded(quick_probes):
    async def scenario():
        writer = Writer()
        commit = GroupCommit(writer, OSError, writer.probe)
        with pytest.raises(OSError, match="disk full"):
            await commit.submit("disk full")
        for number in range(20):
            with pytest.raises(OSError, match="disk full"):
                await commit.submit(number)
            await asyncio.sleep(0.005)
        assert writer.batches == [["disk full"]]
        assert writer.probes > 1
        with pytest.raises(OSError, match="disk full"):
            commit.raise_failure()
        writer.is_full = False
        await recovered(commit)
        assert await commit.submit(3) == 6
        commit.close()

    asyncio.run(scenario())


def test_requests_that_wait_behind_a_common_fault_are_told_of_it_too(quick_probes):
    async def scenario():
        writer = Writer(threading.Event())
        commit = GroupCommit(writer, OSError, writer.probe)
        first = asyncio.create_task(commit.submit("disk full"))
        await asyncio.sleep(0.05)
        rest = [asyncio.create_task(commit.submit(number)) for number in range(3)]
        await asyncio.sleep(0.05)
        writer.gate.set()
        told = await asyncio.gather(first, *rest, return_exceptions=True)
        assert len({(type(error), str(error)) for error in told}) == 1
        assert writer.batches == [["disk full"]]
        commit.close()

    asyncio.run(scenario())


def test_probe_that_fails_in_another_way_is_repeated(quick_probes):
    async def scenario():
        faults = [ValueError("odd"), OSError("disk still full")]
        writer = Writer()

        def probe():
            if faults:
                raise faults.pop()

        commit = GroupCommit(writer, OSError, probe)
        with pytest.raises(OSError, match="disk full"):
            await commit.submit("disk full")
        await recovered(commit)
        assert faults == []
        assert await commit.submit(1) == 2
        commit.close()

    asyncio.run(scenario())
