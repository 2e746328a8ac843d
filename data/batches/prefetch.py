"""Batches made ahead of their use, so that a training step does not wait for them."""

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

Item = TypeVar("Item")


def ahead(iterator: Iterator[Item], depth: int = 2) -> Iterator[Item]:
    """Runs an iterator in a thread, up to `depth` items ahead; its errors are raised here."""
    ready: queue.Queue = queue.Queue(depth)
    closed = threading.Event()
    threading.Thread(target=_fill, args=(iterator, ready, closed), daemon=True).start()
    try:
        while True:
            item, error, ended = ready.get()
            if error is not None:
                raise error
            if ended:
                return
            yield item
    finally:
        closed.set()


def _fill(iterator: Iterator[Item], ready: queue.Queue, closed: threading.Event) -> None:
    try:
        for item in iterator:
            if not _put(ready, closed, (item, None, False)):
                return
        _put(ready, closed, (None, None, True))
    except BaseException as error:  # whatever it is, the consumer shall see it
        _put(ready, closed, (None, error, False))


def _put(ready: queue.Queue, closed: threading.Event, item: tuple) -> bool:
    """False where the consumer has gone away in the meantime."""
    while not closed.is_set():
        try:
            ready.put(item, timeout=0.1)
            return True
        except queue.Full:
            continue
    return False
