/**
 * Slack's Web API with a bot's token: the first message of an incident is kept up to date, what follows stands in its thread, and
 * images are uploaded. https://docs.slack.dev/reference/methods/chat.postMessage, chat.update, files.getUploadURLExternal
 */
import { z } from 'zod'
import type { Send } from '../outbound/send.ts'
import { type Draw, picturesOf } from './pictures.ts'
import { sendJson } from './post-json.ts'
import type { AlertMessage, Delivery, Message, Receiver } from './receiver.ts'
import { type SlackMessage, slackMessage } from './slack.ts'
import { type Called, calledOf, parseJson } from './slack-call.ts'
import { uploadToThread } from './slack-files.ts'

export const SLACK_API_URL = 'https://slack.com/api'

export interface SlackBotOptions {
  readonly token: string
  /** Base of the methods. */
  readonly baseUrl: string
  readonly channel: string
  readonly apiUrl: () => string | null
  readonly send: Send
  readonly nowMs: () => number
  readonly draw: Draw
  readonly onProblem: (text: string) => void
  /** Work beside deliveries, which the end waits for. */
  readonly beside: (work: () => Promise<void>) => void
}

/** Where an incident's first message stands. */
const refSchema = z.object({ channel: z.string(), ts: z.string() })
type Ref = z.infer<typeof refSchema>

export function slackBotReceiver(options: SlackBotOptions): Receiver {
  const { channel, apiUrl } = options
  const call = (method: string, body: unknown): Promise<Called> => callSlack(options, method, body)

  /** After the message, which is told already: nothing waits for it, and nothing fails by it. */
  const illustrate = (message: Message, ref: Ref): void =>
    options.beside(async () => {
      const pictures = await picturesOf(message, options.draw, options.onProblem)
      if (pictures.length > 0) await uploadToThread(options, ref, pictures)
    })

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
    // Of one among several the first message tells no more than the thread does.
    if (message.event === 'investigated' && message.isPart === true) return posted
    const whole = message.event === 'investigated' ? slackMessage({ ...message, event: 'firing' }, apiUrl()) : text
    const updated = await call('chat.update', { channel: ref.channel, ts: ref.ts, ...whole })
    // Somebody deleted it, or made the workspace forbid edits: the thread has been told.
    if (!updated.ok && updated.delivery.kind === 'retry') return updated.delivery
    return { kind: 'delivered' }
  }

  return {
    takesInvestigations: true,
    deliver: async (message: Message) => {
      const ref = message.kind === 'alerts' ? parseRef(message.ref) : null
      const delivery =
        message.kind === 'alerts' && ref !== null
          ? await followUp(message, ref)
          : await post(slackMessage(message, apiUrl()), null)
      const place = ref ?? (delivery.kind === 'delivered' ? parseRef(delivery.ref ?? null) : null)
      if (delivery.kind === 'delivered' && place !== null) illustrate(message, place)
      return delivery
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

function parseRef(text: string | null): Ref | null {
  if (text === null) return null
  const parsed = refSchema.safeParse(parseJson(text))
  return parsed.success ? parsed.data : null
}
