/** The handoffs of a trace: where an agent begins to act after another one did. */
import type { Handoff } from '../metrics/handoffs.ts'
import { parseJson } from '../parse-json.ts'
import type { ProjectedSpan, TraceView } from './subject.ts'
import { byStart } from './trace-view.ts'

const ACTS: ReadonlySet<ProjectedSpan['kind']> = new Set(['llm', 'tool', 'retriever', 'embedding', 'guardrail'])
/** Tools by which frameworks hand over: `transfer_to_billing`, `handoff to Billing`, `delegate_work_to_coworker`. */
const HANDS_OVER = /transfer|hand[ _-]?off|delegate/i

/**
 * An agent is handed to by the one that acted last before it began, else by the one around it. `fields` are keys of JSON in arguments and
 * results of tools: the latest value before the handoff has to stand in what the next agent was given.
 */
export function handoffsOf({ spans }: TraceView, fields: readonly string[]): Handoff[] {
  const ordered = [...spans].sort(byStart)
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const above = (span: ProjectedSpan): ProjectedSpan | undefined =>
    span.parentSpanId === undefined ? undefined : byId.get(span.parentSpanId)
  const agentAround = (span: ProjectedSpan): ProjectedSpan | undefined => {
    const seen = new Set<ProjectedSpan>()
    for (let at = above(span); at !== undefined && !seen.has(at); at = above(at)) {
      if (isAgent(at)) return at
      seen.add(at)
    }
    return undefined
  }
  const found: Handoff[] = []
  const past: ProjectedSpan[] = []
  let acting: string | undefined
  for (const span of ordered) {
    const around = agentAround(span)
    if (isAgent(span)) {
      const from = acting ?? around?.agentName
      if (from !== undefined && from !== span.agentName) {
        const given = givenTo(span, ordered, past, above, agentAround)
        found.push({ from, to: span.agentName ?? '', ...arrivalOf(fields, past, given) })
      }
      acting = span.agentName
    } else if (ACTS.has(span.kind) && around !== undefined) {
      acting = around.agentName
    }
    past.push(span)
  }
  return found
}

function isAgent({ kind, agentName }: ProjectedSpan): boolean {
  return kind === 'agent' && agentName !== undefined && agentName !== ''
}

/** Its input, else that of the first call within it; and what the call said that handed over. Undefined where nothing of it was captured. */
function givenTo(
  agent: ProjectedSpan,
  ordered: readonly ProjectedSpan[],
  past: readonly ProjectedSpan[],
  above: (span: ProjectedSpan) => ProjectedSpan | undefined,
  agentAround: (span: ProjectedSpan) => ProjectedSpan | undefined,
): string[] | undefined {
  const within = (): ProjectedSpan | undefined =>
    ordered.find((span) => span.inputText !== undefined && span.kind === 'llm' && agentAround(span) === agent)
  const input = agent.inputText ?? within()?.inputText
  const parent = above(agent)
  const last = past.findLast(({ kind }) => kind === 'tool')
  const call = parent?.kind === 'tool' ? parent : HANDS_OVER.test(last?.toolName ?? last?.name ?? '') ? last : undefined
  const args = call?.toolArguments === undefined ? [] : [call.toolArguments, ...leavesOf(call.toolArguments)]
  return input === undefined && args.length === 0 ? undefined : [...(input === undefined ? [] : [input]), ...args]
}

function arrivalOf(
  fields: readonly string[],
  past: readonly ProjectedSpan[],
  given: readonly string[] | undefined,
): Pick<Handoff, 'lost' | 'open'> {
  const [lost, open]: [string[], string[]] = [[], []]
  for (const field of fields) {
    const value = past
      .filter(({ kind }) => kind === 'tool')
      .flatMap(({ toolArguments, toolResult }) => [toolArguments, toolResult])
      .map((text) => (text === undefined ? undefined : valueIn(field, jsonOf(text))))
      .findLast((one) => one !== undefined)
    if (value === undefined) continue
    if (given === undefined) open.push(field)
    else if (!given.some((text) => hasWord(text, value))) lost.push(field)
  }
  return { lost, open }
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

/** Nobody's arguments nest deeper, and a text that does must not end the walk. */
const MAX_DEPTH = 50

function valueIn(key: string, json: unknown, depth = 0): string | undefined {
  if (typeof json !== 'object' || json === null || depth > MAX_DEPTH) return undefined
  const own = Object.hasOwn(json, key) ? (Reflect.get(json, key) as unknown) : undefined
  if ((typeof own === 'string' && own.trim() !== '') || typeof own === 'number' || typeof own === 'boolean')
    return String(own).trim()
  for (const item of Object.values(json)) {
    const found = valueIn(key, item, depth + 1)
    if (found !== undefined) return found
  }
  return undefined
}

/** Texts inside of JSON, where they stand without its escapes. */
function leavesOf(text: string): string[] {
  const leaves: string[] = []
  const visit = (json: unknown, depth: number): void => {
    if (typeof json === 'string') leaves.push(json)
    else if (typeof json === 'object' && json !== null && depth <= MAX_DEPTH)
      for (const item of Object.values(json)) visit(item, depth + 1)
  }
  visit(jsonOf(text), 0)
  return leaves
}

const OF_WORD = /[\p{L}\p{N}]/u

/** 7 does not stand in 17. */
function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const [before = '', after = ''] = [text[at - 1], text[at + word.length]]
    if (!OF_WORD.test(before) && !OF_WORD.test(after)) return true
  }
  return false
}
