/**
 * Slack's Web API with a bot's token: the first message of an incident is kept up to date, what follows stands in its thread, and
 * images are uploaded. https://docs.slack.dev/reference/methods/chat.postMessage, chat.update, files.getUploadURLExternal
 */
import { z } from 'zod'
import type { OutboundAnswer, Send } from '../outbound/send.ts'
import { deliveryOf, sendJson } from './post-json.ts'
import type { AlertMessage, Delivery, Message, Receiver } from './receiver.ts'
import { type SlackMessage, slackMessage } from './slack.ts'

export const SLACK_API_URL = 'https://slack.com/api'

export interface SlackBotOptions {
  readonly token: string
  /** Base of the methods. */
  readonly baseUrl: string
  readonly channel: string
  readonly apiUrl: () => string | null
  readonly send: Send
  readonly nowMs: () => number
}

/** Where an incident's first message stands. */
const refSchema = z.object({ channel: z.string(), ts: z.string() })
type Ref = z.infer<typeof refSchema>

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

type Called =
  | { ok: true; answer: Record<string, unknown> }
  | { ok: false; delivery: Exclude<Delivery, { kind: 'delivered' }>; error: string }

export function slackBotReceiver(options: SlackBotOptions): Receiver {
  const { channel, apiUrl } = options
  const call = (method: string, body: unknown): Promise<Called> => callSlack(options, method, body)

  const post = async (message: SlackMessage, thread: Ref | null): Promise<Delivery> => {
    const place = thread === null ? { channel } : { channel: thread.channel, thread_ts: thread.ts }
    const called = await call('chat.postMessage', { ...place, ...message, unfurl_links: false })
    if (!called.ok) return called.delivery
    const ref = refSchema.safeParse(called.answer)
    return {
      kind: 'delivered',
      ...(thread === null && ref.success && { ref: JSON.stringify(refSchema.parse(ref.data)) }),
    }
  }

  /** The thread first: should the second call fail, the retry tells the thread again, and the first message is right in the end. */
  const followUp = async (message: AlertMessage, ref: Ref): Promise<Delivery> => {
    const text = slackMessage(message, apiUrl())
    const posted = await post(text, ref)
    if (posted.kind !== 'delivered') return posted
    if (message.event === 'reminder') return posted
    const updated = await call('chat.update', { channel: ref.channel, ts: ref.ts, ...text })
    // Somebody deleted it, or made the workspace forbid edits: the thread has been told.
    if (!updated.ok && updated.delivery.kind === 'retry') return updated.delivery
    return { kind: 'delivered' }
  }

  return {
    deliver: async (message: Message) => {
      const ref = message.kind === 'alerts' ? parseRef(message.ref) : null
      if (message.kind === 'alerts' && ref !== null) return followUp(message, ref)
      return post(slackMessage(message, apiUrl()), null)
    },
  }
}

async function callSlack(
  { send, token, baseUrl, nowMs }: SlackBotOptions,
  method: string,
  body: unknown,
): Promise<Called> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' }
  return calledOf(await sendJson({ send, url: `${baseUrl}/${method}`, headers, body }), nowMs())
}

/** Slack answers 200 to what it refuses, and says so in the body. */
function calledOf(answer: OutboundAnswer, nowMs: number): Called {
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function parseRef(text: string | null): Ref | null {
  if (text === null) return null
  const parsed = refSchema.safeParse(parseJson(text))
  return parsed.success ? parsed.data : null
}
