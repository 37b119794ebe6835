/** Looks on while a replay runs: a bar on a terminal, a line now and then elsewhere, or events. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReplayJson } from '../../server/schemas.ts'
import type { Answer } from '../commands/ask-api.ts'
import { createProgress } from '../stored/progress.ts'
import type { ReplayClient } from './client.ts'
import { progressText } from './text.ts'

export type FollowOutcome =
  | { kind: 'ended'; replay: ReplayJson }
  | { kind: 'interrupted'; replay: ReplayJson | null }
  | { kind: 'lost'; message: string }

const POLL_MS = 500
/** Without a terminal. */
const LINE_MS = 10_000
/** The Assay may be restarting. */
const PATIENCE_MS = 20_000

export async function followReplay(
  client: ReplayClient,
  runId: string,
  options: { signal: AbortSignal; onEvent: ((replay: ReplayJson) => void) | null; nowMs: () => number },
): Promise<FollowOutcome> {
  const { signal, onEvent, nowMs } = options
  const progress = createProgress(process.stderr)
  const isQuiet = onEvent !== null || process.stderr.isTTY
  let saidAtMs = nowMs()
  let answeredAtMs = nowMs()
  try {
    while (!signal.aborted) {
      const answer: Answer<ReplayJson> = await client.get(runId)
      if (!answer.ok) {
        if (nowMs() - answeredAtMs > PATIENCE_MS) return { kind: 'lost', message: answer.message }
      } else {
        answeredAtMs = nowMs()
        const replay = answer.value
        if (replay.state !== 'queued' && replay.state !== 'running') return { kind: 'ended', replay }
        if (onEvent === null) progress.show(replay.progress, progressText(replay))
        else onEvent(replay)
        if (!isQuiet && nowMs() - saidAtMs >= LINE_MS) {
          saidAtMs = nowMs()
          process.stderr.write(`${Math.floor(replay.progress * 100)}%  ${progressText(replay)}\n`)
        }
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => {})
    }
  } finally {
    progress.clear()
  }
  const stopped = await client.stop(runId)
  return { kind: 'interrupted', replay: stopped.ok ? stopped.value : null }
}
