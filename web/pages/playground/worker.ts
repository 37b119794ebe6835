/** The language and the engine in a web worker: typing never waits for them. */
import { costsOf } from '../../../dsl/cost/eval-cost.ts'
import { completionsAt } from '../../../dsl/lsp/completion.ts'
import { hoverAt } from '../../../dsl/lsp/hover.ts'
import { plainSnippet } from '../../../dsl/lsp/snippets.ts'
import { Workspace } from '../../../dsl/lsp/workspace.ts'
import { STANDARD_PACKS } from '../../../dsl/standard-packs.ts'
import { judgeTraces } from './judge-traces.ts'
import type { Asked, Envelope, Finding, StaticCost, Told } from './protocol.ts'

const PATH = 'playground.eval'
/** The standard packs, by their names in imports. */
const PACKS = new Map(
  Object.entries(import.meta.glob('../../../evals/*.eval', { query: '?raw', import: 'default', eager: true })).map(
    ([path, text]) => [`assay:${path.slice(path.lastIndexOf('/') + 1, -'.eval'.length)}`, text],
  ),
)

const workspace = new Workspace({
  resolve: (_, specifier) => (STANDARD_PACKS.includes(specifier) ? specifier : null),
  read: (path) => PACKS.get(path) ?? null,
})

let taken: readonly unknown[] = []

const isError = ({ severity }: Finding): boolean => severity === 'error'

/** Of the evals that are written here, without those of the packs that it imports. */
function staticCosts(): StaticCost[] {
  const analysis = workspace.analysis(PATH)
  if (analysis === null) return []
  return costsOf(analysis.evals, analysis.modules)
    .filter(({ file }) => file === PATH)
    .map(({ evalId, per, operations, judge }) => ({
      evalId,
      per,
      operations,
      ...(judge !== null && {
        judge: {
          calls: judge.callsPerSubject * Math.max(1, judge.models.length),
          inputTokens: judge.inputTokens,
          outputTokens: judge.outputTokens,
          subjectsPerRun: judge.subjectsPerRun,
        },
      }),
    }))
}

function answer(asked: Asked): Told {
  if (asked.kind === 'take') {
    taken = asked.traces
    return { kind: 'take' }
  }
  workspace.set(PATH, asked.text)
  switch (asked.kind) {
    case 'check': {
      const findings = workspace.diagnostics(PATH).map(({ severity, code, message, span }) => ({
        severity,
        code,
        message,
        start: span?.start ?? 0,
        end: span?.end ?? 0,
      }))
      return { kind: 'check', findings, costs: findings.some(isError) ? [] : staticCosts() }
    }
    case 'complete': {
      const document = workspace.document(PATH)
      const module = workspace.module(PATH)
      if (document === null || module === null) return { kind: 'complete', suggestions: [] }
      const items = completionsAt(document, module, asked.offset, STANDARD_PACKS)
      return {
        kind: 'complete',
        suggestions: items.map(({ label, detail, doc, text, snippet, span: { start, end } }) => ({
          label,
          detail,
          doc,
          text: snippet ? plainSnippet(text) : text,
          start,
          end,
        })),
      }
    }
    case 'hover': {
      const document = workspace.document(PATH)
      const analysis = workspace.analysis(PATH)
      const hover = document === null || analysis === null ? null : hoverAt(document, analysis, asked.offset)
      return {
        kind: 'hover',
        hover: hover === null ? null : { text: hover.markdown, start: hover.span.start, end: hover.span.end },
      }
    }
    case 'run': {
      const plan = workspace.plan(PATH, () => null)
      if (plan === null) return { kind: 'failed', message: 'There is an error in it: see the marks in the text.' }
      return { kind: 'run', ...judgeTraces(plan, taken) }
    }
  }
}

self.addEventListener('message', ({ data }: MessageEvent<Envelope<Asked>>) => {
  let body: Told
  try {
    body = answer(data.body)
  } catch (error) {
    body = { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
  self.postMessage({ id: data.id, body } satisfies Envelope<Told>)
})
