/** The evals and alerts in force during a run, and what each of them has to say of it. */

import { spansPerTrace } from '../../bench/load.ts'
import type { Plan } from '../../dsl/plan.ts'
import { compileProject } from '../../dsl/project.ts'

/** Of each model call, as it comes. */
export const EACH = 'faults/each'
/** Of each trace, when it has settled: passes only when it saw all of it. */
export const WHOLE = 'faults/whole'
/** By a judge, of a few traces. */
export const JUDGED = 'faults/judged'
export const JUDGED_OF_A_RUN = 5

export const canaryName = (index: number): string => `canary_${index}`
export const firesName = (index: number): string => `canary_${index}_fires`
/** Its subject fails once: it fires only if that is counted twice. */
export const twiceName = (index: number): string => `canary_${index}_twice`

function canary(index: number): string {
  const alert = (name: string, count: number): string => `
alert ${name} {
  title:    "${name}"
  on:       ${canaryName(index)}
  when:     count(fail) >= ${count} over 1d
  severity: page
  notify:   slack("#faults")
  no_data:  keep
}
`
  return `
online eval ${canaryName(index)} {
  on:   tool_call where name == "${canaryName(index)}"
  pass: duration <= 1ms
}
${alert(firesName(index), 1)}${alert(twiceName(index), 2)}`
}

export function faultsPlan(canaries: number): Plan {
  return compiled(
    'faults.eval',
    `package faults

online eval each {
  on:   llm_call where agent.name == "support"
  pass: duration <= 1h
}

online eval whole {
  on:   trace where agent.name == "support"
  pass: count(span) == ${spansPerTrace}
}

offline eval judged {
  every:   cron "* * * * *" in "UTC"
  sample:  ${JUDGED_OF_A_RUN} of trace where agent.name == "support" over 10m
  judge:   "openai/judge"
  show:    input.text, output.text
  scale:   1 to 5
  rubric:  "5 is an answer to the question, 1 is not."
  pass:    score >= 3
  missing: unknown
}
${Array.from({ length: canaries }, (_, index) => canary(index)).join('')}`,
  )
}

/** A small package that is pushed again and again while everything runs. */
export function churnPlan(push: number): Plan {
  return compiled('churn.eval', `package churn\nonline eval pushed { on: guardrail  pass: duration <= ${push + 1}s }\n`)
}

function compiled(path: string, text: string): Plan {
  const { plan, diagnostics } = compileProject({ files: [{ path, text }], readImport: () => null })
  if (plan === null) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  return plan
}
