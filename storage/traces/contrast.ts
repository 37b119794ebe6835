/**
 * Failing traces against passing ones, and what each has: its tools, models, versions, prompts and attributes. Two queries: which traces, a
 * sample of bounded size that has nothing to do with time; then what these have, so many at once, from narrow columns and short attributes.
 */

import type { ContrastAsked, GroupLabel } from '../../engine/alerting/investigation/asked.ts'
import type { ContrastedTrace } from '../../engine/alerting/investigation/contrast.ts'
import { attributeFeature } from '../../engine/alerting/investigation/feature.ts'
import type { Feature } from '../../engine/alerting/investigation/investigation.ts'
import { LATEST, LIVE, type Query, SUBJECT, TRACE_IDS } from './queries.ts'

export type ContrastQuery = ContrastAsked

export interface ContrastedTraces {
  /** How many there are, of which `traces` are a sample. */
  failing: number
  passing: number
  traces: ContrastedTrace[]
}

const COLUMN_OF: Readonly<Record<GroupLabel, string>> = {
  'agent.name': 'agent_name',
  'agent.version': 'agent_version',
  env: 'env',
}
const COMPARISONS = new Set(['<', '<=', '>', '>='])

interface ChosenTrace {
  trace: string
  failing: number
  total: number | string
}

/** A subject's latest revision counts; a trace fails that has a failing subject. */
function chosenTracesQuery(database: string, tenant: string, query: ContrastQuery): Query {
  const { evalId, measureHash, fromMs, toMs, failing, group, tracesOfEach } = query
  const params: Query['query_params'] = { tenant, evalId, fromMs, toMs, tracesOfEach }
  const where = ['tenant = {tenant:String}', 'eval_id = {evalId:String}', LIVE]
  if (measureHash !== null) {
    where.push('measure_hash = {measureHash:String}')
    params.measureHash = measureHash
  }
  for (const [i, [label, value]] of Object.entries(group).entries()) {
    where.push(`ifNull(${COLUMN_OF[label as GroupLabel]}, '') = {group${i}:String}`)
    params[`group${i}`] = value
  }
  let fails: string
  let known: string
  if (failing.kind === 'verdict') {
    fails = 'has({failing:Array(String)}, toString(verdict))'
    known = `${fails} OR has({passing:Array(String)}, toString(verdict))`
    Object.assign(params, { failing: [...failing.failing], passing: [...failing.passing] })
  } else {
    if (!COMPARISONS.has(failing.cmp)) throw new RangeError(`${failing.cmp} is no comparison`)
    fails = `assumeNotNull(score) ${failing.cmp} {limit:Float64}`
    known = 'isNotNull(score)'
    params.limit = failing.limit
  }
  return {
    query: `SELECT lower(hex(trace_id)) AS trace, failing, count() OVER (PARTITION BY failing) AS total FROM (
  SELECT trace_id, max(fails) AS failing FROM (
    SELECT trace_id, toUInt8(${fails}) AS fails, toUInt8(${known}) AS known FROM ${database}.results
    WHERE ${where.join(' AND ')}
      AND evaluated_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC') AND evaluated_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
    ORDER BY ${LATEST} LIMIT 1 BY ${SUBJECT}
  ) WHERE known GROUP BY trace_id
)
ORDER BY cityHash64(trace_id) LIMIT {tracesOfEach:UInt32} BY failing`,
    query_params: params,
  }
}

/** At once: their ids are part of the request. */
const FEATURES_OF_TRACES = 200
/** Of a trace: more tell no more. */
const MOST_VALUES = 50
const MOST_ATTRIBUTES = 400
const MOST_CHARS = 64

interface FeatureRow {
  trace: string
  tools: string[]
  failed_tools: string[]
  models: string[]
  providers: string[]
  agents: string[]
  versions: string[]
  envs: string[]
  prompts: string[]
  attributes: [string, string][]
}

const values = (column: string, where: string): string =>
  `arrayFilter(v -> v != '', groupUniqArrayIf(${MOST_VALUES})(ifNull(${column}, ''), ${where}))`
const short = (column: string): string =>
  `arrayFilter(p -> length(p.1) <= ${2 * MOST_CHARS} AND length(p.2) <= ${MOST_CHARS}, JSONExtractKeysAndValuesRaw(${column}))`
/** What the model was told to be; a hash tells one from another and no more. */
const PROMPT = `arrayFirst(m -> JSONExtractString(m, 'role') IN ('system', 'developer'), JSONExtractArrayRaw(ifNull(input_messages, '')))`

function featuresQuery(database: string, tenant: string, traceIds: readonly string[]): Query {
  const isCall = `kind IN ('llm', 'embedding')`
  return {
    query: `SELECT lower(hex(trace_id)) AS trace,
  ${values('tool_name', `kind = 'tool'`)} AS tools, ${values('tool_name', `kind = 'tool' AND status = 'error'`)} AS failed_tools,
  ${values('model', isCall)} AS models, ${values('provider', isCall)} AS providers,
  ${values('agent_name', '1')} AS agents, ${values('agent_version', '1')} AS versions, ${values('env', '1')} AS envs,
  groupUniqArrayIf(${MOST_VALUES})(substring(lower(hex(sipHash128(prompt))), 1, 12), kind = 'llm' AND prompt != '') AS prompts,
  arrayMap(p -> [p.1, p.2], groupUniqArrayArray(${MOST_ATTRIBUTES})(arrayConcat(${short('attributes')}, ${short('toString(resource)')}))) AS attributes
FROM (
  SELECT trace_id, kind, status, tool_name, model, provider, agent_name, agent_version, env, attributes, resource, ${PROMPT} AS prompt
  FROM ${database}.spans
  WHERE tenant = {tenant:String} AND trace_id IN ${TRACE_IDS}
)
GROUP BY trace_id`,
    query_params: { tenant, traceIds: [...traceIds] },
  }
}

const LISTS: readonly (readonly [string, (row: FeatureRow) => readonly string[]])[] = [
  ['tool', (row) => row.tools],
  ['tool.failed', (row) => row.failed_tools],
  ['model', (row) => row.models],
  ['provider', (row) => row.providers],
  ['agent.name', (row) => row.agents],
  ['agent.version', (row) => row.versions],
  ['env', (row) => row.envs],
  ['prompt', (row) => row.prompts],
]

/** Of one trace, each once. */
function featuresFromRow(row: FeatureRow): Feature[] {
  const features = LISTS.flatMap(([label, of]) => of(row).map((value) => ({ label, value })))
  const seen = new Set<string>()
  for (const [name, json] of row.attributes) {
    const feature = attributeFeature(name, json)
    if (feature === null || seen.has(`${feature.label}=${feature.value}`)) continue
    seen.add(`${feature.label}=${feature.value}`)
    features.push(feature)
  }
  return features
}

/** Which traces are compared, and then what each has, some at a time. */
export async function contrastedTraces(
  rows: <Row>(query: Query) => Promise<Row[]>,
  database: string,
  tenant: string,
  query: ContrastQuery,
): Promise<ContrastedTraces> {
  const chosen = await rows<ChosenTrace>(chosenTracesQuery(database, tenant, query))
  const found: ContrastedTraces = { failing: 0, passing: 0, traces: [] }
  for (const { failing, total } of chosen) found[failing === 1 ? 'failing' : 'passing'] = Number(total)
  const failing = new Map(chosen.map((one) => [one.trace, one.failing === 1]))
  const ids = [...failing.keys()]
  for (let from = 0; from < ids.length; from += FEATURES_OF_TRACES) {
    const asked = featuresQuery(database, tenant, ids.slice(from, from + FEATURES_OF_TRACES))
    for (const row of await rows<FeatureRow>(asked))
      found.traces.push({ isFailing: failing.get(row.trace) === true, features: featuresFromRow(row) })
  }
  return found
}
