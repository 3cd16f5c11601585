"""Compare new documents with stored ones, and detect their languages."""

from __future__ import annotations

import time
from collections.abc import Callable

from groundwork_core.duplicates.ports import DetectLanguage, Mark, MarksWork, UnmarkedDocument
from groundwork_core.duplicates.simhash import MIN_WORDS, NEAR_BITS, simhash, words_of

BATCH = 200
"""Documents of one transaction."""


def mark_documents(
    *,
    work: MarksWork,
    detect: DetectLanguage,
    seconds: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> int:
    """Mark documents, one batch per transaction, for some seconds; return how many.

    A document joins the cluster of the nearest document whose hash differs in at most `NEAR_BITS`
    bits. If there is none, it starts a cluster, whose id is the document's id. Only one caller
    compares at a time, so that two new documents are compared with each other; a second caller
    returns at once.
    """
    ends, marked = monotonic() + seconds, 0
    while monotonic() < ends:
        with work:
            if not work.marks.begin():
                break
            found = work.marks.unmarked(BATCH)
            for document in found:
                # One by one, because the next may be near to this one.
                work.marks.mark([_mark(document, work, detect)])
        marked += len(found)
        if len(found) < BATCH:
            break
    return marked


def _mark(document: UnmarkedDocument, work: MarksWork, detect: DetectLanguage) -> Mark:
    words = words_of(document.title, document.summary, document.content)
    hash_ = simhash(words)
    near = work.marks.near(document.id, hash_, NEAR_BITS) if hash_ is not None else ()
    cluster = near[0].cluster_id if near else document.id
    wanted = not document.has_language and len(words) >= MIN_WORDS
    language = detect(" ".join(words)) if wanted else None
    return Mark(document.id, document.revision, hash_, cluster, language)
