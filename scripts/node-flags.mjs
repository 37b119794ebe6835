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

/**
 * What a process of roles may take, so that it is within 512 MB, and a gateway within 256 MB, whatever the machine has: Node would take
 * what it likes up to half of that. The rest is code (70 to 90 MB) and what is outside of the heap: bodies of requests, what was fetched
 * from the log, blocks on their way to the store. A young generation is three times its semi-space.
 */
const OLD_SPACE_MB = { gateway: 80, 'trans-store': 192, 'trans-evaluate': 288, alerts: 256 }
const OTHER_OLD_SPACE_MB = 512
const SMALL_YOUNG = ['--min-semi-space-size=8', '--max-semi-space-size=8']
const MIDDLE_YOUNG = ['--min-semi-space-size=16', '--max-semi-space-size=16']

/** For `serve` with these roles, instead of `nodeFlags`: several in one process take what they take together. */
export function nodeFlagsOf(roles) {
  const oldSpaceMb = roles.reduce((sum, role) => sum + (OLD_SPACE_MB[role] ?? OTHER_OLD_SPACE_MB), 0)
  const young = roles.length === 1 && roles[0] === 'gateway' ? SMALL_YOUNG : MIDDLE_YOUNG
  const others = nodeFlags.filter((flag) => !flag.includes('semi-space-size'))
  return [...others, ...young, ...(oldSpaceMb > 0 ? [`--max-old-space-size=${oldSpaceMb}`] : [])]
}
