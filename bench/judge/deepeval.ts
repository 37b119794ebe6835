/** DeepEval from PyPI in a virtual environment of its own, made once under the user's cache. */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const VERSION = '4.3.1'
const run = promisify(execFile)
const folder = join(homedir(), '.cache', 'assay', `deepeval-${VERSION}`)

export const DEEPEVAL = `G-Eval of DeepEval ${VERSION}`

/** Null where there is no Python or no way to PyPI; says why. */
export function installDeepEval(): string | null {
  const python = join(folder, 'bin', 'python')
  if (existsSync(join(folder, 'installed'))) return python
  const steps = [
    ['python3', '-m', 'venv', folder],
    [python, '-m', 'pip', 'install', '-q', `deepeval==${VERSION}`],
    [python, '-c', `open(${JSON.stringify(join(folder, 'installed'))}, "w")`],
  ] as const
  for (const [file, ...args] of steps) {
    const { status, error, stderr } = spawnSync(file, args, { encoding: 'utf8' })
    if (status === 0) continue
    console.log(`  ${DEEPEVAL} could not be installed: ${error?.message ?? stderr.trim().split('\n').at(-1)}`)
    return null
  }
  return python
}

/** Cases a second. */
export async function measureDeepEval(
  python: string,
  url: string,
  cases: number,
  concurrency: number,
): Promise<number> {
  const script = join(import.meta.dirname, 'g_eval.py')
  const { stdout } = await run(python, [script, url, String(cases), String(concurrency)], {
    env: { ...process.env, DEEPEVAL_TELEMETRY_OPT_OUT: 'YES', DEEPEVAL_UPDATE_WARNING_OPT_OUT: 'YES' },
    maxBuffer: 64 * 1024 * 1024,
  })
  return Number(stdout.trim().split('\n').at(-1))
}
