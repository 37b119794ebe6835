/** Asks a running instance for a backup, and looks on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type BackupJson, type BackupSummary, backupSchema } from '../../server/schemas.ts'
import { type Answer, askApi } from '../commands/ask-api.ts'
import type { Watch } from './run-backup.ts'

const POLL_MS = 200

export async function backUpInstance(
  server: string,
  { to, tracesTo }: { to: string; tracesTo: string | null },
  { signal, onProgress }: Watch,
): Promise<Answer<BackupSummary>> {
  const body = { to, ...(tracesTo !== null && { tracesTo }) }
  const begun = await askApi(server, 'v1/backups', {}, backupSchema, body)
  if (!begun.ok) return begun
  const path = `v1/backups/${begun.value.id}`
  let isStopAsked = false
  for (let job: BackupJson = begun.value; ; ) {
    if (job.state === 'done' && job.summary !== undefined) return { ok: true, value: job.summary }
    if (job.state !== 'running') return { ok: false, message: job.text }
    onProgress({ done: job.progress, text: job.text })
    if (signal.aborted && !isStopAsked) {
      isStopAsked = true
      await askApi(server, `${path}/stop`, {}, backupSchema, {})
    }
    await sleep(POLL_MS, undefined, isStopAsked ? {} : { signal }).catch(() => {})
    const answer = await askApi(server, path, {}, backupSchema)
    if (!answer.ok) return answer
    job = answer.value
  }
}
