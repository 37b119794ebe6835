/**
 * The flags of every Node that runs Assay. `node:sqlite` is still called experimental. A young generation larger than the default
 * spares the copying of what a batch holds for a moment (a tenth of `assay check`'s time), and collecting it on one thread spares
 * the waiting of helper threads for each other: 6 of 71 CPU seconds per million spans on two cores.
 */
export const nodeFlags = [
  '--disable-warning=ExperimentalWarning',
  '--min-semi-space-size=32',
  '--max-semi-space-size=64',
  '--no-parallel-scavenge',
]
