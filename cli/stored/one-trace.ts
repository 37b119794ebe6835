/** One stored trace with its results: of a running instance, of a data folder that none holds, or of a file. */
import { readFileSync } from 'node:fs'
import { messageOf } from '../../engine/message-of.ts'
import type { Span } from '../../engine/model/span.ts'
import { spanFromJson } from '../../engine/model/span-json.ts'
import type { StoredTrace } from '../../server/capture/capture-tests.ts'
import { resultToJson } from '../../server/result-json.ts'
import { traceResponseSchema } from '../../server/schemas.ts'
import { openDataFolder } from '../../storage/data-folder.ts'
import { askApi } from '../commands/ask-api.ts'
import { readTraces } from '../read-traces.ts'
import { tracesOf } from '../trace-files.ts'
import { placeOf } from './open-source.ts'
import { SourceError } from './source.ts'

export interface TraceFlags {
  readonly server?: string
  readonly data?: string
  /** A file of traces, in place of what is stored. */
  readonly on?: string
}

export type FoundOutcome = { ok: true; trace: StoredTrace } | { ok: false; message: string }

const TENANT = 'default'
const MAX_RESULTS = 20_000

/** `--on` reads a file; else what is stored, where `placeOf` finds it. */
export async function findTrace(traceId: string, flags: TraceFlags, env: NodeJS.ProcessEnv): Promise<FoundOutcome> {
  if (flags.on !== undefined) return ofFile(traceId, flags.on)
  try {
    const place = await placeOf(flags, env)
    return place.kind === 'folder' ? await ofFolder(traceId, place.path) : await ofInstance(traceId, place.server)
  } catch (error) {
    if (error instanceof SourceError) return { ok: false, message: error.message }
    throw error
  }
}

async function ofInstance(traceId: string, server: string): Promise<FoundOutcome> {
  const answer = await askApi(server, `v1/traces/${traceId}`, {}, traceResponseSchema)
  if (!answer.ok) return answer
  const { spans, results } = answer.value
  const parsed: Span[] = []
  for (const raw of spans) {
    const outcome = spanFromJson(raw, TENANT)
    if (!outcome.ok)
      return { ok: false, message: `a span of the running Assay cannot be read: ${outcome.field} ${outcome.message}` }
    parsed.push(outcome.span)
  }
  return { ok: true, trace: { spans: parsed, results: [...results, ...spans.flatMap((span) => span.results)] } }
}

function ofFile(traceId: string, path: string): FoundOutcome {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(path === '-' ? 0 : path)
  } catch (error) {
    return { ok: false, message: `cannot read ${path}: ${messageOf(error)}` }
  }
  const read = readTraces(bytes)
  if (!read.ok) return { ok: false, message: `cannot take traces from ${path}: ${read.message}` }
  const traces = tracesOf(read.spans)
  const spans = traces.get(traceId)
  if (spans !== undefined) return { ok: true, trace: { spans, results: [] } }
  const some = [...traces.keys()].slice(0, 3).join(', ')
  return {
    ok: false,
    message: `${path} has no trace ${traceId}; it has ${traces.size}: ${some}${traces.size > 3 ? ', …' : ''}`,
  }
}

async function ofFolder(traceId: string, path: string): Promise<FoundOutcome> {
  const opened = openDataFolder(path)
  if (!opened.ok) return opened
  try {
    // The engine is large, and asking a running instance needs none of it.
    const { openTraces } = await import('../../storage/traces/open.ts')
    const store = await openTraces({ dataDir: opened.folder.path })
    try {
      await store.migrate()
      const spans = await store.getTrace(TENANT, traceId)
      if (spans.length === 0) return { ok: false, message: `there is no trace ${traceId} in ${path}` }
      const results = await store.queryResults(TENANT, { traceId, limit: MAX_RESULTS })
      return { ok: true, trace: { spans, results: results.map((one) => resultToJson(one, () => null)) } }
    } finally {
      await store.close()
    }
  } catch (error) {
    return { ok: false, message: `the traces in ${path} cannot be read: ${messageOf(error)}` }
  } finally {
    opened.folder.close()
  }
}
