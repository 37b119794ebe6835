/** One at a time in a process, all of its threads: whose trial kills the process must not leave another's written as if it had. */

/** Runs it when no other of the process runs. */
export type Alone = <T>(run: () => Promise<T>) => Promise<T>

let last: Promise<unknown> = Promise.resolve()

/** Node has had locks that hold over threads since 24.5; before that, they hold in one thread. */
export const aloneInProcess: Alone = (run) => {
  const { locks } = navigator as Partial<Navigator>
  if (locks !== undefined) return locks.request('assay: trial of a record', run) as ReturnType<typeof run>
  const turn = last.then(run, run)
  last = turn.catch(() => {})
  return turn
}
