"""Records to verify and to tamper with: chains and their entries, as plain values."""

from dataclasses import dataclass

from keyfob_verifier.audit.chain import Chain, ChainedEntry, Head, entry_hash, first_chain, next_chain
from keyfob_verifier.records import AuditEntry

INSTALLATION = bytes(range(32))
START = 1_800_000_000.0


@dataclass
class SampleRecord:
    """A record in memory: whose chains take turns as they are told to."""

    chains: list[Chain]
    entries: list[ChainedEntry]

    def head(self, chain):
        mine = [entry for entry in self.entries if entry.chain_id == chain.id]
        return Head(chain.id, mine[-1].chain_sequence, mine[-1].hash) if mine else chain.pruned

    def rewrite(self, index, **fields):
        """Changes an entry and hashes it and what follows in its chain anew, as somebody would who knows how."""
        chain = self.chains[self.entries[index].chain_id - 1]
        mine = [place for place, entry in enumerate(self.entries) if entry.chain_id == chain.id]
        digest = chain.opening
        for place in mine:
            changed = self.entries[place]._replace(**(fields if place == index else {}))
            digest = entry_hash(digest, chain.id, changed.chain_sequence, changed[3:10])
            self.entries[place] = changed._replace(hash=digest)


def record_of(turns):
    """A record of as many entries as there are turns, each written to the chain of that number; at most one new one each."""
    record = SampleRecord([first_chain(INSTALLATION, START)], [])
    for number, turn in enumerate(turns, start=1):
        if turn > len(record.chains):
            newest = record.chains[-1]
            record.chains.append(next_chain(newest, record.head(newest), START + number))
        chain = record.chains[min(turn, len(record.chains)) - 1]
        before = record.head(chain)
        content = ("default", START + number, "alice", "validate", f"KF-{number % 3}", "accepted", number)
        digest = entry_hash(before.hash, chain.id, before.sequence + 1, content)
        record.entries.append(ChainedEntry(chain.id, before.sequence + 1, number, *content, digest))
    return record


def entries_of(count, first=1, **fields):
    """That many different entries to append."""
    return [
        AuditEntry(
            **{
                "at": START + number,
                "actor": "alice",
                "action": "validate",
                "serial": f"KF-{number}",
                "outcome": "accepted",
                "step": number,
            }
            | fields
        )
        for number in range(first, first + count)
    ]
