/**
 * The flags of every Node that runs Assay: `node:sqlite` is still called experimental, and a young generation larger than the
 * default spares the copying of what a batch holds for a moment (measured: a tenth of `assay check`, a twentieth of ingest).
 */
export const nodeFlags = [
  '--disable-warning=ExperimentalWarning',
  '--min-semi-space-size=32',
  '--max-semi-space-size=64',
]
