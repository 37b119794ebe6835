/**
 * When a batch has its traces read. A query costs much the same for 25 traces as for 200, and takes as long as many judgements: batches
 * wait and go together, while those before them are being judged.
 */

export interface ReadAhead {
  /** Resolves when the traces of one more batch may be read. */
  enter(): Promise<ReadPlace>
}

export interface ReadPlace {
  /** So many spans are in memory from now on, until it leaves. */
  holds(spans: number): void
  leave(): void
}

export interface ReadAheadOptions {
  /** So many batches are let in whatever they hold. */
  few: number
  /** The next ones are let in when no more than so many are left: enough to judge until their traces are there. */
  enough: number
  /** In memory at the same time, as far as the batches before tell of the next ones; those few may have more. */
  maxSpans: number
}

/** Batches that are let in together: what the store gives at once. */
export const BATCHES_AHEAD = 8
/** Of a batch, before anything is known of them. */
const FIRST_SPANS = 1_000

export function createReadAhead({ few, enough, maxSpans }: ReadAheadOptions): ReadAhead {
  const waiting: (() => void)[] = []
  let inside = 0
  let heldSpans = 0
  let usualSpans = FIRST_SPANS

  function letIn(): void {
    if (inside > enough) return
    for (let i = 0; i < BATCHES_AHEAD; i++) {
      const isRoom = inside < few || heldSpans + usualSpans <= maxSpans
      const next = isRoom ? waiting.shift() : undefined
      if (next === undefined) return
      next()
    }
  }

  function place(): ReadPlace {
    // Until it is known what it holds it counts as the others do.
    let own = usualSpans
    let isIn = true
    inside++
    heldSpans += own
    return {
      holds(spans) {
        heldSpans += spans - own
        own = spans
        usualSpans = spans
      },
      leave() {
        if (!isIn) return
        isIn = false
        inside--
        heldSpans -= own
        letIn()
      },
    }
  }

  return {
    enter: () =>
      new Promise((resolve) => {
        waiting.push(() => resolve(place()))
        letIn()
      }),
  }
}
