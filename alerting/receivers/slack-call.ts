/** What Slack's Web API says to a call: it answers 200 to what it refuses, and says so in the body. */
import { z } from 'zod'
import type { OutboundAnswer } from '../outbound/send.ts'
import { deliveryOf } from './post-json.ts'
import type { Delivery } from './receiver.ts'

const answerSchema = z.looseObject({ ok: z.boolean(), error: z.string().optional() })

/** Errors of Slack's own that pass: https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const PASSING = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
])

export type Called =
  | { ok: true; answer: Record<string, unknown> }
  | { ok: false; delivery: Exclude<Delivery, { kind: 'delivered' }>; error: string }

export function calledOf(answer: OutboundAnswer, nowMs: number): Called {
  const delivery = deliveryOf(answer, nowMs)
  if (delivery.kind !== 'delivered') return { ok: false, delivery, error: delivery.reason }
  const text = answer.kind === 'answered' ? answer.text : ''
  const parsed = answerSchema.safeParse(parseJson(text))
  if (!parsed.success) return failed('retry', 'an answer that is not of Slack')
  const { ok, error = 'no reason given' } = parsed.data
  if (ok) return { ok: true, answer: parsed.data }
  return failed(PASSING.has(error) ? 'retry' : 'refused', error)
}

function failed(kind: 'retry' | 'refused', error: string): Called {
  const reason = `Slack: ${error}`
  return { ok: false, error, delivery: kind === 'retry' ? { kind, afterMs: null, reason } : { kind, reason } }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
