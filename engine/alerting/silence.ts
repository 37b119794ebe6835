/** Silences: which alerts tell nobody, until when. A maintenance window is a silence of certain hours of the week. */
import { z } from 'zod'
import type { AlertTransition } from './transition.ts'
import { isWithin, weeklyWindowSchema } from './weekly-window.ts'

/** What is matched: all that is given has to hold. `*` in a text stands for anything. */
export const matchersSchema = z.object({
  alert: z.string().optional(),
  eval: z.string().optional(),
  severity: z.enum(['page', 'ticket', 'info']).optional(),
  owner: z.string().optional(),
  /** Of the alert's group: `agent.version`. */
  labels: z.record(z.string(), z.string()).default({}),
})

export const silenceSchema = z.object({
  id: z.string(),
  tenant: z.string(),
  matchers: matchersSchema,
  fromMs: z.number(),
  /** It is over by itself then. */
  untilMs: z.number(),
  /** In force at these hours alone: maintenance. */
  every: weeklyWindowSchema.nullable(),
  by: z.string(),
  reason: z.string(),
  createdAtMs: z.number(),
  expiredBy: z.string().nullable(),
})

export type Matchers = z.infer<typeof matchersSchema>
export type Silence = z.infer<typeof silenceSchema>
export type Matched = Pick<AlertTransition, 'alertId' | 'evalId' | 'severity' | 'owner' | 'group'>

/** Case counts; `*` is anything, also nothing. */
export function matchesText(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  if (rest.length === 0) return pattern === text
  if (!text.startsWith(first)) return false
  const last = rest.pop()!
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - at >= last.length && text.endsWith(last)
}

export function matches(matchers: Matchers, alert: Matched): boolean {
  const texts = [
    [matchers.alert, alert.alertId],
    [matchers.eval, alert.evalId],
    [matchers.severity, alert.severity],
    [matchers.owner, alert.owner ?? ''],
    ...Object.entries(matchers.labels).map(([label, pattern]) => [pattern, alert.group[label] ?? '']),
  ]
  return texts.every(([pattern, text]) => pattern === undefined || matchesText(pattern, text ?? ''))
}

export type SilenceState = 'pending' | 'active' | 'waiting' | 'expired'

/** `waiting`: for its next hours. */
export function silenceState({ fromMs, untilMs, every }: Silence, nowMs: number): SilenceState {
  if (nowMs >= untilMs) return 'expired'
  if (nowMs < fromMs) return 'pending'
  return every === null || isWithin(every, nowMs) ? 'active' : 'waiting'
}

/** Those that are in force on the alert: it is silent until the last of them is over. */
export function silencing(silences: Iterable<Silence>, tenant: string, alert: Matched, nowMs: number): Silence[] {
  return [...silences].filter(
    (silence) =>
      silence.tenant === tenant && matches(silence.matchers, alert) && silenceState(silence, nowMs) === 'active',
  )
}
