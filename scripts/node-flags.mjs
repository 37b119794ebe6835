/** MB of half a thread's young generation, at first and at most. */
export const youngGeneration = {
  /** For work on objects: what a batch holds for a moment is not copied (a tenth of `assay check`'s time). */
  large: ['--min-semi-space-size=32', '--max-semi-space-size=64'],
  /** For work on bytes, whose buffers outside the heap go only when it is collected. */
  small: ['--min-semi-space-size=2', '--max-semi-space-size=4'],
}

/**
 * The flags of every Node that runs Assay. `node:sqlite` is still called experimental. Collecting the young generation on one thread
 * spares the waiting of helper threads for each other: 6 of 71 CPU seconds per million spans on two cores.
 */
export const nodeFlags = ['--disable-warning=ExperimentalWarning', ...youngGeneration.large, '--no-parallel-scavenge']

/**
 * What a process of roles may take, so that it is within 512 MB, and a gateway within 256 MB, whatever the machine has: Node would take
 * what it likes up to half of that. The rest is code (70 to 90 MB) and what is outside of the heap: bodies of requests, what was fetched
 * from the log, blocks on their way to the store. A young generation is three times its semi-space.
 */
const OLD_SPACE_MB = { gateway: 144, 'trans-store': 192, 'trans-evaluate': 288, alerts: 256 }
const OTHER_OLD_SPACE_MB = 512
const MIDDLE_YOUNG = ['--min-semi-space-size=16', '--max-semi-space-size=16']

/**
 * Without the young generation's, for another. What runs for long does without V8's guesses which objects will live: where it guessed wrong
 * it made objects of a moment in the old space, which kept the spans that they had held. By chance, at one start and not at the next, that was
 * 2 kB a span in the store loop's thread, and four times the pauses.
 */
const otherFlags = [
  ...nodeFlags.filter((flag) => !flag.includes('semi-space-size')),
  '--no-allocation-site-pretenuring',
]

/**
 * For `up`, of whose threads each has a young generation of its own: 200 MB less than with the large one. An old space of less than 128 MB
 * is left alone. V8 counts buffers outside the heap with it, and allows a small one little more than it has: a gateway's of 20 MB was
 * collected whole 67 times in 350,000 spans. It grows by half before it is collected, where V8 would let it become three or four times as
 * large: little is in it that goes.
 */
const upFlags = [...otherFlags, ...MIDDLE_YOUNG, '--initial-old-space-size=128', '--heap-growing-percent=50']

/** For `serve` with these roles, instead of `nodeFlags`: several in one process take what they take together. */
export function nodeFlagsOf(roles) {
  const oldSpaceMb = roles.reduce((sum, role) => sum + (OLD_SPACE_MB[role] ?? OTHER_OLD_SPACE_MB), 0)
  const young = roles.length === 1 && roles[0] === 'gateway' ? youngGeneration.small : MIDDLE_YOUNG
  return [...otherFlags, ...young, ...(oldSpaceMb > 0 ? [`--max-old-space-size=${oldSpaceMb}`] : [])]
}

/**
 * Within 100 MB, beside whatever it is a sidecar of; the bound on the old space is for the one request that is very large. The optimising
 * compiler (the one before it stays) and the snapshot of Node's own modules are 9 MB that forwarding hardly notices.
 */
const forwardFlags = [
  '--disable-warning=ExperimentalWarning',
  '--min-semi-space-size=1',
  '--max-semi-space-size=1',
  '--max-old-space-size=96',
  '--no-opt',
  '--no-node-snapshot',
  '--no-parallel-scavenge',
  // What lies outside of the heap goes with a collection alone, and is not felt for long.
  '--expose-gc',
]

/** By what `assay` is asked to do: `args` are those of its command line. */
export function nodeFlagsFor(args) {
  if (args[0] === 'forward') return forwardFlags
  if (args[0] === 'up') return upFlags
  if (args[0] !== 'serve') return nodeFlags
  return nodeFlagsOf(args.slice(1).filter((arg) => ROLE.test(arg)))
}

/** As `assay serve` knows them; another word is refused there. */
const ROLE = /^(gateway|trans-evaluate|trans-store|alerts|scheduler|worker|api)$/
