/**
 * Reading settings takes 15 MB of modules that a forwarder needs at its start alone, and Node takes flags for a small heap at its start
 * alone. So the same process goes on as another program: same pid, same streams.
 */
import { fileURLToPath } from 'node:url'
import { nodeFlagsFor } from '../../scripts/node-flags.mjs'
import { type ForwarderRun, RUN_VARIABLE } from './forwarder-run.ts'

const program = new URL('./forward-process.ts', import.meta.url)

/** One arena of the allocator and two threads for compression: each further one keeps memory of its own (12 MB together). */
const FRUGAL = { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '2' }

export async function becomeForwarder(run: ForwarderRun): Promise<void> {
  const env = { ...FRUGAL, ...process.env, [RUN_VARIABLE]: JSON.stringify(run) }
  if (process.execve === undefined || process.platform === 'win32') {
    process.env[RUN_VARIABLE] = env[RUN_VARIABLE]
    await import(program.href)
    return
  }
  const flags = nodeFlagsFor(['forward'])
  const nameOf = (flag: string): string => flag.split('=', 1)[0]!
  const others = process.execArgv.filter((given) => !flags.some((flag) => nameOf(flag) === nameOf(given)))
  // Whoever gave the heap another size knows better.
  const wanted = flags.filter((flag) => !(process.env.NODE_OPTIONS ?? '').includes(nameOf(flag)))
  process.execve(process.execPath, [process.execPath, ...others, ...wanted, fileURLToPath(program)], env)
}
