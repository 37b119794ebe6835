/** Which log the roles share, chosen by a URL alone; every thread opens it for itself. */
import { openEmbeddedLog } from '../storage/log/embedded.ts'
import { type KafkaSettings, openKafkaLog } from '../storage/log/kafka.ts'
import type { TailedLog } from '../storage/log/port.ts'
import { measuredLog } from '../storage/metrics/measured.ts'
import { reportTo } from './log-report.ts'

/** Passes to threads by structured clone. */
export type LogSource =
  /** In the data folder, for this process alone. */
  { kind: 'embedded'; dataDir: string } | { kind: 'kafka'; settings: KafkaSettings }

/** Rejects with `LogError`. Its appends are measured. `say` hears of records that the log deletes before they are read. */
export async function openLog(
  source: LogSource,
  say: (text: string) => void,
  nowMs?: () => number,
): Promise<TailedLog> {
  return measuredLog(await openUnmeasured(source, say, nowMs))
}

function openUnmeasured(source: LogSource, say: (text: string) => void, nowMs?: () => number): Promise<TailedLog> {
  if (source.kind === 'kafka') return openKafkaLog({ settings: source.settings, onProblem: say })
  return openEmbeddedLog({
    dataDir: source.dataDir,
    onReport: reportTo(say),
    ...(nowMs !== undefined && { nowMs }),
  })
}
