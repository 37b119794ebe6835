/** The real receivers, over a network that loses requests and answers, to services that are down, busy, or take what they are sent. */

import type { OutboundAnswer, OutboundRequest } from '../../../alerting/outbound/send.ts'
import { NO_RECEIVERS } from '../../../alerting/receivers/config.ts'
import { pagerDutyReceiver } from '../../../alerting/receivers/pagerduty.ts'
import type { AlertEvent, Message, Receiver, Receivers } from '../../../alerting/receivers/receiver.ts'
import { slackBotReceiver } from '../../../alerting/receivers/slack-bot.ts'
import { webhookReceiver } from '../../../alerting/receivers/webhook.ts'
import type { Random } from '../random.ts'
import type { World } from './world.ts'

export interface Told {
  readonly route: string
  readonly event: AlertEvent
  readonly key: string
  readonly groupKey: string
  readonly atMs: number
  /** With what was found out about it. */
  readonly isInvestigated: boolean
  /** A silence, maintenance or a page is on it, and was ever since it fired. */
  readonly isMuted: boolean
  readonly isOver: boolean
}

export interface SimulatedProcess {
  isAlive: boolean
  waking: PromiseWithResolvers<void> | null
}

/** Of Slack: a message that is nobody's answer. */
interface Post {
  text: string
  /** What its thread was told last, but for reminders. */
  lastReply: string | null
  isDeleted: boolean
}

const never = (): Promise<never> => new Promise(() => {})

export class Network {
  readonly told: Told[] = []
  readonly posts = new Map<string, Post>()
  /** Each may make somebody be told twice. */
  interruptions = 0
  isFaulty = true
  /** Processes die around what they send. */
  isDeadly = true
  /** By receiver; the others go on. */
  readonly downUntilMs = new Map<string, number>()
  readonly #random: Random
  readonly #world: World

  constructor(random: Random, world: World) {
    this.#random = random
    this.#world = world
  }

  receivers(process: SimulatedProcess): Receivers {
    return { find: ({ receiver }) => this.#receiver(receiver, process), hint: () => null }
  }

  #receiver(receiver: string, process: SimulatedProcess): Receiver {
    const nowMs = (): number => this.#world.nowMs()
    const { isAlive } = process
    const common = { apiUrl: () => null, nowMs }
    const made = (message: Message): Receiver => {
      const send = (request: OutboundRequest): Promise<OutboundAnswer> => this.#exchange(request, message, process)
      const { apiUrl: baseUrl } = NO_RECEIVERS.slack
      const slack = { token: 't', baseUrl, channel: '#shop', draw: never, onProblem: () => {}, beside: () => {} }
      if (receiver === 'slack') return slackBotReceiver({ ...common, ...slack, send })
      if (receiver === 'pagerduty') return pagerDutyReceiver({ ...common, url: 'pd', routingKey: 'k', send })
      return webhookReceiver({ ...common, url: 'lead', secret: null, send })
    }
    const { deliver: _, ...traits } = made({ kind: 'notice' } as Message)
    return { ...traits, deliver: (message) => (isAlive && process.isAlive ? made(message).deliver(message) : never()) }
  }

  async #exchange(
    { url, body }: OutboundRequest,
    message: Message,
    process: SimulatedProcess,
  ): Promise<OutboundAnswer> {
    if (!process.isAlive) return never()
    const chance = (ratio: number): boolean => this.isFaulty && this.#random.chance(ratio)
    const dies = (): boolean => this.isDeadly && chance(0.02)
    if (dies()) return this.#die(process)
    const isUpdate = url.endsWith('/chat.update')
    // The thread has been told by then, and is told again.
    const failed = (answer: OutboundAnswer): OutboundAnswer => {
      if (isUpdate) this.#interrupt(message)
      return answer
    }
    if (this.isFaulty && this.#world.nowMs() < (this.downUntilMs.get(message.route.receiver) ?? 0))
      return failed({ kind: 'unanswered', reason: 'network error ECONNREFUSED' })
    if (chance(0.03)) return failed(answerOf(429, 'slow down', '60'))
    if (chance(0.02)) return failed(answerOf(500, 'ill'))
    const text = url.includes('slack.com') ? this.#takeBySlack(isUpdate, String(body)) : '{}'
    if (!isUpdate) this.#take(message)
    if (dies()) return this.#die(process)
    if (chance(0.05)) {
      this.#interrupt(message)
      return { kind: 'unanswered', reason: 'no answer' }
    }
    return answerOf(200, text)
  }

  #interrupt(message: Message): void {
    this.interruptions += message.kind === 'alerts' ? message.items.length : 1
  }

  #die(process: SimulatedProcess): Promise<never> {
    process.isAlive = false
    return never()
  }

  #take(message: Message): void {
    if (message.kind !== 'alerts') return
    const { route, event, groupKey } = message
    for (const { key, investigation = null } of message.items) {
      const isInvestigated = investigation !== null
      const incident = this.#world.incident(key)
      const isMuted = incident?.isMutedThroughout === true && this.#world.isMuted(incident.subject)
      const isOver = incident?.isOpen !== true
      const atMs = this.#world.nowMs()
      this.told.push({ route: route.receiver, event, key, groupKey, atMs, isInvestigated, isMuted, isOver })
    }
  }

  #takeBySlack(isUpdate: boolean, body: string): string {
    const { text, ts, thread_ts: thread } = JSON.parse(body) as { text: string; ts?: string; thread_ts?: string }
    if (isUpdate) {
      const post = this.posts.get(ts ?? '')
      if (post !== undefined && this.isFaulty && this.#random.chance(0.03)) post.isDeleted = true
      if (post === undefined || post.isDeleted) return '{"ok":false,"error":"message_not_found"}'
      post.text = text
      return '{"ok":true}'
    }
    const first = this.posts.get(thread ?? '')
    if (first !== undefined && !text.startsWith('Still firing')) first.lastReply = text
    const own = `${this.posts.size}`
    if (thread === undefined) this.posts.set(own, { text, lastReply: null, isDeleted: false })
    return JSON.stringify({ ok: true, channel: 'C', ts: own })
  }
}

const answerOf = (status: number, text: string, retryAfter: string | null = null): OutboundAnswer => ({
  kind: 'answered',
  status,
  retryAfter,
  text,
})
