/** Where a check is made: by the instance that runs, or here on what it left. */
import { findingsOf, type VerifyReport, verifyReportSchema } from '../../engine/integrity/report.ts'
import { messageOf } from '../../engine/message-of.ts'
import { parseSince } from '../../server/parameters.ts'
import { openDataFolder } from '../../storage/data-folder.ts'
import { type OpenTracesOptions, openTraces } from '../../storage/traces/open.ts'
import { enginesOf } from '../backup/engines.ts'
import { type Answer, askApi } from '../commands/ask-api.ts'
import { exitCodes } from '../exit-codes.ts'
import { type LogSource, openLog } from '../log-source.ts'
import { placeOf } from '../stored/open-source.ts'
import { SourceError } from '../stored/source.ts'
import { openIntegrity } from './open-integrity.ts'
import { reportText } from './report-text.ts'

export interface VerifyFlags {
  day?: string
  since: string
  deep?: boolean
  server?: string
  data?: string
  logUrl?: string
  tracesUrl?: string
  config?: string
  json?: boolean
}

interface Wanted {
  readonly fromMs: number
  readonly toMs: number
  readonly isDeep: boolean
}

/** A day of many millions of records takes minutes. */
const CHECK_TIMEOUT_MS = 3_600_000
const DAY_MS = 24 * 3_600_000

/** The exit code. */
export async function runVerify(flags: VerifyFlags): Promise<number> {
  const wanted = wantedOf(flags, Date.now())
  const answer = wanted.ok ? await checked(flags, wanted.value) : wanted
  if (!answer.ok) {
    process.stderr.write(`assay verify: ${answer.message}\n`)
    return exitCodes.usage
  }
  const report = answer.value
  process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : reportText(report))
  return findingsOf(report).length === 0 ? exitCodes.ok : exitCodes.findings
}

export function wantedOf({ day, since, deep = false }: VerifyFlags, nowMs: number): Answer<Wanted> {
  if (day !== undefined) {
    const fromMs = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN
    if (Number.isNaN(fromMs))
      return { ok: false, message: `--day takes a date such as 2026-11-20, not ${JSON.stringify(day)}` }
    return { ok: true, value: { fromMs, toMs: fromMs + DAY_MS, isDeep: deep } }
  }
  const fromMs = parseSince(since, nowMs)
  if (fromMs === null) {
    const expected = 'a duration such as 24h or 7d, or a time such as 2026-01-31T09:00:00Z'
    return { ok: false, message: `--since takes ${expected}, not ${JSON.stringify(since)}` }
  }
  if (fromMs >= nowMs) return { ok: false, message: 'the time of --since has to lie in the past' }
  return { ok: true, value: { fromMs: Math.floor(fromMs / DAY_MS) * DAY_MS, toMs: nowMs, isDeep: deep } }
}

async function checked(flags: VerifyFlags, wanted: Wanted): Promise<Answer<VerifyReport>> {
  const { logUrl, tracesUrl } = flags
  try {
    if (logUrl !== undefined || tracesUrl !== undefined) return await checkEngines(flags, wanted)
    const place = await placeOf(flags, process.env)
    if (place.kind === 'folder') return await checkFolder(place.path, wanted)
    const body = {
      from: new Date(wanted.fromMs).toISOString(),
      to: new Date(wanted.toMs).toISOString(),
      deep: wanted.isDeep,
    }
    return await askApi(place.server, 'v1/integrity/checks', {}, verifyReportSchema, body, CHECK_TIMEOUT_MS)
  } catch (error) {
    if (error instanceof SourceError) return { ok: false, message: error.message }
    throw error
  }
}

async function checkEngines({ logUrl, tracesUrl, config }: VerifyFlags, wanted: Wanted): Promise<Answer<VerifyReport>> {
  if (logUrl === undefined || tracesUrl === undefined) {
    return { ok: false, message: '--log-url and --traces-url go together: one is compared with the other' }
  }
  const found = enginesOf({ logUrl, tracesUrl, ...(config !== undefined && { config }) })
  if (!found.ok) return found
  const { log, tracesUrl: url, cluster } = found.value.engines
  return checkHere({ kind: 'kafka', settings: log! }, { url: url!, cluster }, wanted)
}

async function checkFolder(path: string, wanted: Wanted): Promise<Answer<VerifyReport>> {
  const opened = openDataFolder(path)
  if (!opened.ok) return { ok: false, message: opened.message }
  const { folder } = opened
  try {
    return await checkHere({ kind: 'embedded', dataDir: folder.path }, { dataDir: folder.path }, wanted)
  } finally {
    folder.close()
  }
}

async function checkHere(source: LogSource, engine: OpenTracesOptions, wanted: Wanted): Promise<Answer<VerifyReport>> {
  const closing: (() => Promise<void>)[] = []
  try {
    const log = await openLog(source, (text) => void process.stderr.write(`assay verify: ${text}\n`))
    closing.push(() => log.close())
    const traces = await openTraces(engine)
    closing.push(() => traces.close())
    await traces.migrate()
    const { service, close } = await openIntegrity(log, engine, { nowMs: Date.now, routes: [] })
    closing.push(close)
    return { ok: true, value: await service.check(wanted) }
  } catch (error) {
    return { ok: false, message: `the check could not be made: ${messageOf(error)}` }
  } finally {
    for (const close of closing.reverse()) await close()
  }
}
