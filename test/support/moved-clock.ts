/**
 * Preloaded into a process under test (`--import`), in each of its threads: its clock goes ahead of the machine's by what a file says, which
 * `moveClock` writes, so that a test need not wait for the end of a quarter of an hour. Timers run as they do.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const VARIABLE = 'MOVED_CLOCK_FILE'
const LOOK_EVERY_MS = 50

export const clockEnv = (file: string): Record<string, string> => ({
  [VARIABLE]: file,
  NODE_OPTIONS: `--import=${pathToFileURL(import.meta.filename).href}`,
})

export function moveClock(file: string, aheadMs: number): void {
  writeFileSync(`${file}.new`, String(aheadMs))
  // Whoever looks sees one or the other.
  renameSync(`${file}.new`, file)
}

function follow(file: string): void {
  const aheadIn = (): number => Number(readFileSync(file, 'utf8'))
  const machineNow = Date.now
  let aheadMs = aheadIn()
  setInterval(() => {
    aheadMs = aheadIn()
  }, LOOK_EVERY_MS).unref()
  Date.now = () => machineNow() + aheadMs
  globalThis.Date = new Proxy(Date, {
    construct: (target, args: unknown[], made) =>
      Reflect.construct(target, args.length === 0 ? [Date.now()] : args, made),
  })
}

const file = process.env[VARIABLE]
if (file !== undefined) follow(file)
