"""Keep what a started process holds out of garbage collections."""

import gc


def exclude_from_collections() -> None:
    """Exclude all present objects from later garbage collections, which then take little time.

    A host has 200,000 objects once it has started. A full collection looked at all of them, and
    stopped all of its connections for 0.1 to 0.7 s.
    """
    gc.collect()
    gc.freeze()
