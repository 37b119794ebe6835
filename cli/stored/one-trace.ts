/** One stored trace with its results: of a running instance, of a data folder that none holds, or of a file. */
import { readFileSync } from 'node:fs'
import { messageOf } from '../../engine/message-of.ts'
import type { Span } from '../../engine/model/span.ts'
import { rfc3339FromUs, spanFromJson } from '../../engine/model/span-json.ts'
import type { StoredTrace } from '../../server/capture/capture-tests.ts'
import { resultToJson } from '../../server/result-json.ts'
import { type TracesResponse, traceResponseSchema, tracesResponseSchema } from '../../server/schemas.ts'
import { openDataFolder } from '../../storage/data-folder.ts'
import { MAX_TRACES_READ, type SessionReader, storedSessions } from '../../storage/traces/session-around.ts'
import { type Answer, askApi } from '../commands/ask-api.ts'
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
type Outcome<T> = { ok: true; value: T } | { ok: false; message: string }
/** `sessions`: of the same place, while the work lasts. */
type Work<T> = (trace: StoredTrace, sessions: SessionReader) => Promise<T>

const TENANT = 'default'
const MAX_RESULTS = 20_000
/** Each is a request of its own. */
const TRACES_AT_ONCE = 8

/** `--on` reads a file; else what is stored, where `placeOf` finds it. */
export async function findTrace(traceId: string, flags: TraceFlags, env: NodeJS.ProcessEnv): Promise<FoundOutcome> {
  const found = await withTrace(traceId, flags, env, async (trace) => trace)
  return found.ok ? { ok: true, trace: found.value } : found
}

/** The same for who needs the trace's session beside it. */
export async function withTrace<T>(
  traceId: string,
  flags: TraceFlags,
  env: NodeJS.ProcessEnv,
  work: Work<T>,
): Promise<Outcome<T>> {
  try {
    if (flags.on !== undefined) return await ofFile(traceId, flags.on, work)
    const place = await placeOf(flags, env)
    return place.kind === 'folder'
      ? await ofFolder(traceId, place.path, work)
      : await ofInstance(traceId, place.server, work)
  } catch (error) {
    if (error instanceof SourceError) return { ok: false, message: error.message }
    throw error
  }
}

async function ofInstance<T>(traceId: string, server: string, work: Work<T>): Promise<Outcome<T>> {
  const trace = await askTrace(server, traceId)
  return { ok: true, value: await work(trace, sessionsAt(server)) }
}

async function askTrace(server: string, traceId: string): Promise<StoredTrace> {
  const answer = await askApi(server, `v1/traces/${traceId}`, {}, traceResponseSchema)
  if (!answer.ok) throw new SourceError(answer.message)
  const { spans, results } = answer.value
  const parsed = spans.map((raw): Span => {
    const outcome = spanFromJson(raw, TENANT)
    if (outcome.ok) return outcome.span
    throw new SourceError(`a span of the running Assay cannot be read: ${outcome.field} ${outcome.message}`)
  })
  return { spans: parsed, results: [...results, ...spans.flatMap((span) => span.results)] }
}

/** Of a running instance. Rejects with `SourceError`. */
export function sessionsAt(server: string): SessionReader {
  return {
    async idsOf(session, { fromUs, toUs }) {
      const ids: string[] = []
      const query = { session, since: rfc3339FromUs(fromUs), until: rfc3339FromUs(toUs), limit: '200' }
      for (let next: string | undefined = ''; next !== undefined; ) {
        const page: Answer<TracesResponse> = await askApi(
          server,
          'v1/traces',
          next === '' ? query : { ...query, after: next },
          tracesResponseSchema,
        )
        if (!page.ok) throw new SourceError(page.message)
        ids.push(...page.value.traces.map(({ traceId }) => traceId))
        // Newest first: the first ones, which a run looks at, come last.
        next = ids.length < MAX_TRACES_READ ? page.value.next : undefined
      }
      return ids
    },
    async spansOf(traceIds) {
      const found = new Map<string, readonly Span[]>()
      for (let from = 0; from < traceIds.length; from += TRACES_AT_ONCE) {
        const asked = traceIds.slice(from, from + TRACES_AT_ONCE)
        const traces = await Promise.all(asked.map((traceId) => askTrace(server, traceId)))
        for (const [i, { spans }] of traces.entries()) found.set(asked[i] ?? '', spans)
      }
      return found
    },
  }
}

async function ofFile<T>(traceId: string, path: string, work: Work<T>): Promise<Outcome<T>> {
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
  if (spans !== undefined) {
    // A file is small: which of its traces are of the session is found out by reading them all.
    const sessions: SessionReader = { idsOf: async () => [...traces.keys()], spansOf: async () => traces }
    return { ok: true, value: await work({ spans, results: [] }, sessions) }
  }
  const some = [...traces.keys()].slice(0, 3).join(', ')
  return {
    ok: false,
    message: `${path} has no trace ${traceId}; it has ${traces.size}: ${some}${traces.size > 3 ? ', …' : ''}`,
  }
}

async function ofFolder<T>(traceId: string, path: string, work: Work<T>): Promise<Outcome<T>> {
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
      const trace = { spans, results: results.map((one) => resultToJson(one, () => null)) }
      return { ok: true, value: await work(trace, storedSessions(store, TENANT)) }
    } finally {
      await store.close()
    }
  } catch (error) {
    return { ok: false, message: `the traces in ${path} cannot be read: ${messageOf(error)}` }
  } finally {
    opened.folder.close()
  }
}
