/** `assay check --cost`: what each eval costs at most, and the share of each term. */
import { CAPS } from '../../dsl/caps.ts'
import type { CostTerm, EvalCost, JudgeCost } from '../../dsl/cost/eval-cost.ts'
import { shortNumber } from '../../dsl/cost/short-number.ts'
import type { Config } from '../config/settings.ts'
import { counted } from './report.ts'
import type { AnswerTokens } from './stored-answers.ts'

type Prices = Config['cost']['prices']

interface JudgeRun {
  /** Null: as many as match, or as the sessions have traces. */
  readonly calls: number | null
  /** Of a run; of one subject, or one trace of a session, where nobody knows how many there are. */
  readonly inputTokens: number
  readonly outputTokens: number
  /** Null: a guess was taken. */
  readonly storedAnswerTokens: number | null
  /** Null where a judge has no price. */
  readonly costUsd: number | null
}

const MAX_TEXT = 64

/** `answers`: how long they are, as far as somebody was asked. */
export function costText(costs: readonly EvalCost[], prices: Prices, answers: AnswerTokens): string {
  const total = costs.reduce((sum, cost) => sum + cost.operations, 0)
  const caps = `${CAPS.spansPerTrace.toLocaleString('en')} spans per trace, ${CAPS.textUnits.toLocaleString('en')} characters per text`
  const lines = [`cost in operations per subject, at most (${caps})`, '']
  for (const cost of [...costs].sort((a, b) => b.operations - a.operations))
    lines.push(...evalLines(cost, prices, answers))
  lines.push(`${counted(costs.length, 'eval')}: ${shortNumber(total)} in total`)
  return `${lines.join('\n')}\n`
}

function evalLines(cost: EvalCost, prices: Prices, answers: AnswerTokens): string[] {
  const lines = [`${cost.evalId}: ${shortNumber(cost.operations)} per ${cost.per}`]
  for (const term of cost.terms) {
    const share = `${Math.round(shareOf(term, cost) * 100)}%`
    lines.push(
      `  ${share.padStart(4)}  ${shortNumber(term.operations).padStart(6)}  ${term.clause}: ${shortened(term)}`,
    )
  }
  if (cost.judge !== null) lines.push(`  ${judgeLine(cost.judge, judgeRun(cost, cost.judge, prices, answers))}`)
  return [...lines, '']
}

function judgeLine(judge: JudgeCost, run: JudgeRun): string {
  const { calls, inputTokens, outputTokens, storedAnswerTokens, costUsd } = run
  const what = calls === null ? eachOf(judge) : `${counted(calls, 'judge call')} a run`
  const answer =
    storedAnswerTokens === null
      ? `a guess: ${shortNumber(judge.outputTokens)} an answer`
      : `${shortNumber(Math.round(storedAnswerTokens))} an answer, as those that are stored`
  const tokens = `up to ${shortNumber(inputTokens)} tokens in, about ${shortNumber(outputTokens)} out (${answer})`
  const money = costUsd === null ? 'no price in assay.yaml' : `up to about ${costUsd.toFixed(2)} USD`
  return `${what}: ${tokens}, ${money}`
}

/** What is counted of, where nobody knows how many a run has. */
function eachOf({ perTraceOfSession, subjectsPerRun }: JudgeCost): string {
  if (!perTraceOfSession) return 'per subject of a run over all'
  return `per trace of a session, ${subjectsPerRun === null ? 'of a run over all' : `${counted(subjectsPerRun, 'session')} a run`}`
}

function judgeRun({ evalId }: EvalCost, judge: JudgeCost, prices: Prices, answers: AnswerTokens): JudgeRun {
  const { models, callsPerSubject, subjectsPerRun, perTraceOfSession, inputTokens } = judge
  const storedAnswerTokens = answers.get(evalId) ?? null
  const outputTokens = storedAnswerTokens ?? judge.outputTokens
  const subjects = perTraceOfSession ? null : subjectsPerRun
  const ofEach = (subjects ?? 1) * callsPerSubject
  const calls = ofEach * models.length
  let costUsd: number | null = 0
  for (const model of models) {
    const price = prices[model]
    const ofCall: number | null =
      price === undefined ? null : (inputTokens * price.input + outputTokens * price.output) / 1e6
    costUsd = costUsd === null || ofCall === null ? null : costUsd + ofCall * ofEach
  }
  return {
    calls: subjects === null ? null : calls,
    inputTokens: calls * inputTokens,
    outputTokens: Math.round(calls * outputTokens),
    storedAnswerTokens,
    costUsd,
  }
}

/** Under `cost` in the report for scripts. */
export function costJson(costs: readonly EvalCost[], prices: Prices, answers: AnswerTokens): object {
  return {
    unit: 'operations per subject, at most',
    caps: CAPS,
    total: costs.reduce((sum, cost) => sum + cost.operations, 0),
    evals: costs.map((cost) => ({
      id: cost.evalId,
      file: cost.file,
      line: cost.line,
      per: cost.per,
      operations: cost.operations,
      terms: cost.terms.map((term) => ({
        clause: term.clause,
        text: term.text,
        operations: term.operations,
        share: shareOf(term, cost),
        start: term.span.start,
        end: term.span.end,
      })),
      judge: cost.judge === null ? null : { models: cost.judge.models, ...judgeRun(cost, cost.judge, prices, answers) },
    })),
  }
}

function shareOf(term: CostTerm, cost: EvalCost): number {
  return term.operations / cost.operations
}

function shortened({ text }: CostTerm): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text
}
