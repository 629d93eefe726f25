"""Shows pairs to judge: `python -m bench.pairs.choose STRATUM COUNT`, in an order by chance.

The order is that of a digest of both ids: nobody picks, and who comes later goes on from there.
"""

import sys
from hashlib import sha256

from bench.pairs.labels import BOSTON, read
from bench.pairs.pool import Pair, pool
from bench.pairs.requests import Request, load


def main() -> int:
    """Print the next unlabelled pairs of a stratum (pool.py): both rows, what became of them."""
    stratum, count = sys.argv[1], int(sys.argv[2])
    requests = load()
    done = {(label.new, label.old) for label in read(BOSTON)}
    waiting = [
        pair
        for pair in pool(requests)
        if pair.stratum == stratum and (requests[pair.new].id, requests[pair.old].id) not in done
    ]
    waiting.sort(key=lambda pair: _order(requests, pair))
    for pair in waiting[:count]:
        print(f"\n{pair.metres:.0f} m, {pair.hours:.1f} h")
        for request in (requests[pair.new], requests[pair.old]):
            print(f"  {request.id} {request.kind} | {request.address} | {request.source}")
            print(f"    {request.opened} to {request.closed}: {request.closure}")
    return 0


def _order(requests: list[Request], pair: Pair) -> str:
    ids = f"{requests[pair.new].id}-{requests[pair.old].id}"
    return sha256(ids.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
