/** Metrics of agents that are made of many small judgements: calls of tools, handoffs, tries of a task. */
import { CAPS } from '../../dsl/caps.ts'
import { type HandoffFault, handoffFaults } from '../metrics/handoffs.ts'
import { passHatK } from '../metrics/pass-hat-k.ts'
import { toolCallValidity } from '../metrics/tool-call-validity.ts'
import type { Judgement, Reason } from '../model/result.ts'
import { parseJson } from '../parse-json.ts'
import type { Compiler } from './compiler.ts'
import { traceAround } from './context.ts'
import { handoffsOf } from './handoffs.ts'
import { type Measured, type MeasureFn, nameOf, none, score } from './measured.ts'
import { CUT, type MetricArgs, numberArg, truthArg, wordArg, wordsArg } from './metric-args.ts'
import { ofEachTrace } from './over-traces.ts'
import { tracesIn } from './session-view.ts'
import type { ProjectedSpan } from './subject.ts'
import { TOOL_DEFINITIONS, type ToolDefinition, toolDefinitionsIn } from './tool-definitions.ts'
import { byStart } from './trace-view.ts'
import { TRUE, UNKNOWN } from './truth.ts'

export const AGENT_MEASURES: Readonly<Record<string, (args: MetricArgs, compiler: Compiler) => MeasureFn>> = {
  valid_tool_calls: () => (context) => {
    const { spans, cut } = traceAround(context)
    if (cut) return none(CUT)
    const calls =
      context.span === undefined ? spans.filter(({ kind }) => kind === 'tool').sort(byStart) : [context.span]
    if (calls.length === 0) return none({ code: 'nothing_to_measure', detail: 'no tool was called' })
    const definitions = toolDefinitionsIn(spans)
    if (definitions.isEmpty) return none({ code: 'not_captured', field: TOOL_DEFINITIONS })
    return shareOf(
      calls.map((call) => judgedCall(call, definitions.of(nameOf(call), call))),
      'call',
      { valid: 'valid', undecided: { code: 'not_captured', field: 'tool_call.arguments.text' } },
    )
  },
  handoffs: (args) => {
    const [allowed, fields] = [wordsArg(args, 'allowed'), wordsArg(args, 'fields')]
    return (context) => {
      const view = traceAround(context)
      if (view.cut) return none(CUT)
      const judgements = tracesIn(view).flatMap((trace) => {
        const handoffs = handoffsOf(trace, fields)
        const faults = handoffFaults(handoffs, allowed)
        return handoffs.map(({ from, to, open }, i): Judgement => {
          const own = faults[i] ?? []
          const verdict = own.length > 0 ? own.map(wordOf).join(', ') : open.length > 0 ? UNDECIDED : 'sound'
          return { kind: 'handoff', about: `${from} > ${to}`, verdict }
        })
      })
      if (judgements.length === 0)
        return none({ code: 'nothing_to_measure', detail: 'no agent handed over to another' })
      return shareOf(judgements, 'handoff', {
        valid: 'sound',
        undecided: { code: 'not_captured', field: 'agent_run.input.text' },
      })
    }
  },
  pass_hat_k: (args, compiler) => {
    const [k, take] = [numberArg(args, 'k'), wordArg(args, 'take')]
    const succeeded = truthArg(args, 'success', compiler)
    const taskOf = args.task?.kind === 'expr' ? compiler.value(args.task.expr) : () => ''
    return (context) => {
      if (traceAround(context).cut) return none(CUT)
      const tries = ofEachTrace(context, () => {
        const task = taskOf(context)
        if (typeof task !== 'string') return { why: context.why }
        const truth = succeeded(context)
        return truth === UNKNOWN ? { why: context.why } : { task, isSuccess: truth === TRUE }
      })
      const counts = new Map<string, { n: number; c: number }>()
      for (const one of tries) {
        if (one.why !== undefined) return none(one.why)
        const { n, c } = counts.get(one.task) ?? { n: 0, c: 0 }
        counts.set(one.task, { n: n + 1, c: c + Number(one.isSuccess) })
      }
      const judgements = [...counts].map(
        ([task, { n, c }]): Judgement => ({ kind: 'task', about: task, verdict: `${c} of ${n} tries succeeded` }),
      )
      const tasks = [...counts.values()].filter(({ n }) => n >= k)
      if (tasks.length === 0)
        return none({ code: 'nothing_to_measure', detail: `no task was tried ${k} times` }, judgements)
      const { passHatK: all, passAtK: any } = passHatK({ tasks, k })
      const said = tasks.length === 1 ? 'of one task' : `the mean of ${tasks.length} tasks`
      return score(take === 'all' ? all : any, said, judgements)
    }
  },
}

const UNDECIDED = 'undecided'

function judgedCall(call: ProjectedSpan, definition: ToolDefinition | undefined): Judgement {
  const base = { kind: 'call', about: nameOf(call) } as const
  if (definition === undefined) return { ...base, verdict: 'not offered' }
  const { schema } = definition
  const text = call.toolArguments
  if (schema === undefined) return { ...base, verdict: UNDECIDED, detail: 'its schema was not captured' }
  if (text === undefined) return { ...base, verdict: UNDECIDED, detail: 'its arguments were not captured' }
  if (text.length > CAPS.textUnits) return { ...base, verdict: UNDECIDED, detail: 'its arguments are too long' }
  let args: unknown
  try {
    args = parseJson(text.trim() === '' ? '{}' : text)
  } catch {
    return { ...base, verdict: 'invalid', detail: 'the arguments are no JSON' }
  }
  const validity = toolCallValidity({ schema, args })
  return validity.kind === 'valid'
    ? { ...base, verdict: 'valid' }
    : { ...base, verdict: validity.kind, detail: validity.detail }
}

function wordOf(fault: HandoffFault): string {
  switch (fault.kind) {
    case 'wrong_target':
      return 'wrong target'
    case 'lost':
      return `lost ${fault.field}`
    case 'ping_pong':
      return 'back and forth'
  }
}

/** Of those that could be decided. */
function shareOf(
  judgements: readonly Judgement[],
  noun: string,
  { valid, undecided }: { valid: string; undecided: Reason },
): Measured {
  const decided = judgements.filter(({ verdict }) => verdict !== UNDECIDED)
  if (decided.length === 0) return none(undecided, judgements)
  const sound = decided.filter(({ verdict }) => verdict === valid)
  const wrong = decided.find(({ verdict }) => verdict !== valid)
  const open = judgements.length - decided.length
  const said =
    `${sound.length} of ${decided.length} ${noun}s ${valid}` +
    (open === 0 ? '' : `, ${open} undecided`) +
    (wrong === undefined ? '' : `; ${wrong.about}: ${wrong.verdict}`)
  return score(sound.length / decided.length, said, judgements)
}
