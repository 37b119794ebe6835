/** Calls of one turn of the event loop as one, where one for many costs little more than one for each. */

/** `send` answers in the order of what it is given, at most `most` at once; where it rejects, all of them hear of it. */
export function groupCalls<A, R>(
  send: (asked: readonly A[]) => Promise<readonly R[]>,
  most: number,
): (asked: A) => Promise<R> {
  interface Waiting {
    readonly asked: A
    resolve(answer: R): void
    reject(error: unknown): void
  }
  let waiting: Waiting[] = []

  async function sendAll(together: readonly Waiting[]): Promise<void> {
    try {
      const answers = await send(together.map(({ asked }) => asked))
      if (answers.length !== together.length) throw new RangeError(`${answers.length} answers to ${together.length}`)
      for (const [place, answer] of answers.entries()) together[place]?.resolve(answer)
    } catch (error) {
      for (const { reject } of together) reject(error)
    }
  }

  function flush(): void {
    const all = waiting
    waiting = []
    for (let from = 0; from < all.length; from += most) void sendAll(all.slice(from, from + most))
  }

  return (asked) =>
    new Promise((resolve, reject) => {
      waiting.push({ asked, resolve, reject })
      if (waiting.length === 1) setImmediate(flush)
    })
}
