/** Runs seeds in a process of their own: on another core, and by other sources than those of this process. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'

export interface SeedsToRun {
  readonly from: number
  readonly count: number
  readonly trace?: boolean
  readonly stopAtFirst?: boolean
  /** Where the sources are: this repository's own, or a copy. */
  readonly root?: string
  /** Of what is simulated, by the folder of its `run.ts`. */
  readonly of?: 'alerts' | 'evaluators'
}

export interface SeedsOutcome {
  readonly ran: number
  readonly steps: number
  readonly tookMs: number
  readonly broken: readonly { readonly seed: number; readonly violation: string }[]
  /** What happened, where it was asked for. */
  readonly trace: string
}

const MOST_OUTPUT_BYTES = 64 << 20

export function runSeeds({
  from,
  count,
  trace,
  stopAtFirst,
  root = REPOSITORY,
  of,
}: SeedsToRun): Promise<SeedsOutcome> {
  const script = join(root, 'test', 'simulation', of ?? '', 'run.ts')
  const flags = [...(trace ? ['--trace'] : []), ...(stopAtFirst ? ['--stop-at-first'] : [])]
  return new Promise((resolve, reject) => {
    const args = [script, String(from), String(count), ...flags]
    execFile(process.execPath, args, { maxBuffer: MOST_OUTPUT_BYTES }, (_, stdout, stderr) => {
      const lines = stdout.trimEnd().split('\n')
      try {
        resolve({ ...JSON.parse(lines.at(-1) ?? ''), trace: lines.slice(0, -1).join('\n') })
      } catch {
        // It ends with 1 where a promise was broken, and prints no outcome only when it could not run.
        reject(new Error(`the seeds could not be run: ${stderr}${stdout}`))
      }
    })
  })
}

const REPOSITORY = join(import.meta.dirname, '..', '..')
