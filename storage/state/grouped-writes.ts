/** Writes of one turn of the event loop in one transaction, which costs little more than one of them by itself. */

export interface GroupedWrites {
  /** Resolves with what `change` gives, once it is kept. Rejects with the others of its turn: all of them are kept, or none is. */
  write<T>(change: () => T): Promise<T>
  /** Does not wait for the end of the turn. */
  flush(): void
}

interface Waiting {
  change(): void
  keep(): void
  fail(error: unknown): void
}

/** `transact` does all that its body does, or throws and has done nothing. Changes are made in the order in which they came. */
export function groupWrites(transact: (body: () => void) => void): GroupedWrites {
  let waiting: Waiting[] = []

  function flush(): void {
    const all = waiting
    if (all.length === 0) return
    waiting = []
    try {
      transact(() => {
        for (const one of all) one.change()
      })
    } catch (error) {
      for (const one of all) one.fail(error)
      return
    }
    for (const one of all) one.keep()
  }

  return {
    flush,
    write: (change) =>
      new Promise((resolve, reject) => {
        let keep = (): void => {}
        waiting.push({
          change: () => {
            const given = change()
            keep = () => resolve(given)
          },
          keep: () => keep(),
          fail: reject,
        })
        if (waiting.length === 1) setImmediate(flush)
      }),
  }
}
