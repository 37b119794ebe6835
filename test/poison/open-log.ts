/** The log of a poison test: in a folder, or on a broker whose URL begins with `kafka:`. */
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { openKafkaLog, parseKafkaUrl } from '../../storage/log/kafka.ts'
import type { Log } from '../../storage/log/port.ts'
import { onlineTopics } from '../../storage/log/topics.ts'

/** A member that died is waited for as long as its session: each of a test's processes dies. */
const SESSION_TIMEOUT_MS = 2_000

export async function openLog(place: string): Promise<Log> {
  const log = place.startsWith('kafka:') ? await openKafka(place) : await openEmbeddedLog({ dataDir: place })
  await log.ensureTopics(onlineTopics)
  return log
}

async function openKafka(url: string): Promise<Log> {
  const parsed = parseKafkaUrl(url)
  if (!parsed.ok) throw new Error(parsed.message)
  return openKafkaLog({ settings: { ...parsed.settings, sessionTimeoutMs: SESSION_TIMEOUT_MS } })
}
