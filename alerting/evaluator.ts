/**
 * The alert evaluator: `eval-results` in, transitions to `alerts` and what is to be delivered to `notifications` out. It never
 * looks at ClickHouse.
 *
 * Written in this order: transitions, notifications, checkpoints with their input offsets, committed offsets. A crash
 * in between repeats transitions with the same ids, which their readers know; none is missed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../engine/message-of.ts'
import type { StoredHistory } from '../storage/alerts/history-record.ts'
import type { TenantPlans } from '../storage/definitions/plans.ts'
import { faultPoint } from '../storage/fault-point.ts'
import { deadLetter } from '../storage/log/dead-letter.ts'
import { InHand } from '../storage/log/in-hand.ts'
import type { Alone } from '../storage/log/in-hand-alone.ts'
import {
  type Consumer,
  type Log,
  LogError,
  type LogRecord,
  type RecordToAppend,
  type TopicPartition,
} from '../storage/log/port.ts'
import { ALERT_STATE, ALERTS, alertTopics, DEAD_LETTERS, EVAL_RESULTS, NOTIFICATIONS } from '../storage/log/topics.ts'
import type { AlertCounts, Output } from './alert-book.ts'
import { AlertBooks } from './alert-books.ts'
import { CheckpointReader, checkpointRecord, removalRecord } from './checkpoint.ts'
import { notificationRecord } from './notification.ts'
import { tracedTransitions } from './traced-transitions.ts'

export const ALERT_GROUP = 'alerts'

const FETCH_BYTES = 4 << 20
/** An idle fetch ends after this, so that definitions are looked at again. It ends at once when a record arrives. */
const MAX_WAIT_MS = 500
const MIN_WAIT_MS = 10
/**
 * A record's append time is set before the record can be read. Silence is believed for times older than this, which is far
 * longer than an append takes.
 */
const APPEND_GRACE_MS = 250
/** Checkpoints without a transition in them, and commits, happen at this pace: what a crash replays is at most this long. */
const CHECKPOINT_INTERVAL_MS = 5_000
/** Results that page nobody are told of, but not at each record. */
const STALE_NOTICE_MS = 60_000
/** How often it is looked whether others wrote down something for alerts: histories, accepted levels, what anchors say of judges. */
const NOTES_EVERY_MS = 2_000
const RETRY_MS = { first: 100, longest: 5_000 }

export interface AlertEvaluatorOptions {
  log: Log
  /** Of every tenant: the alerts of each are fired by its own results. */
  definitions: TenantPlans
  nowMs: () => number
  /** Results on spans that came more than 15 minutes before page nobody unless this is set. */
  countStale?: boolean
  /** Something that is wrong and was worked around; one line. */
  onProblem?: (message: string) => void
  /** Where several processes are simulated in one: a dead one must not keep the others waiting. */
  alone?: Alone | undefined
}

export interface AlertEvaluator {
  stats(): Readonly<AlertCounts>
  /** Ends when all that was taken is written and committed. */
  drain(): Promise<void>
}

/** Resolves when the evaluator has joined its group. Needs the topic `eval-results`; makes the ones that it writes. */
export async function startAlertEvaluator(options: AlertEvaluatorOptions): Promise<AlertEvaluator> {
  const { log, nowMs } = options
  await log.ensureTopics(alertTopics)
  const evaluator = new Evaluator(options)
  const consumer = await log.openConsumer({
    groupId: ALERT_GROUP,
    topics: [EVAL_RESULTS],
    startFrom: 'earliest',
    onAssign: (partitions) => evaluator.assign(partitions, nowMs()),
    onRevoke: async () => {
      await evaluator.write()
      await evaluator.release()
    },
  })
  evaluator.use(consumer)
  const running = evaluator.run()
  return {
    stats: () => evaluator.books.counts,
    drain: async () => {
      evaluator.stop.abort()
      await running
      await evaluator.release()
      await consumer.close()
    },
  }
}

class Evaluator {
  readonly stop = new AbortController()
  readonly books: AlertBooks
  readonly #checkpoints: CheckpointReader
  readonly #inHand: InHand
  #consumer!: Consumer
  readonly #options: AlertEvaluatorOptions
  #writtenMs = Number.NEGATIVE_INFINITY
  #notesMs = Number.NEGATIVE_INFINITY
  #committed = new Map<number, number>()
  /** What a stop left unwritten. */
  #unwritten: Output[] = []
  #staleTold = { count: 0, atMs: Number.NEGATIVE_INFINITY }

  constructor(options: AlertEvaluatorOptions) {
    this.#options = options
    this.#checkpoints = new CheckpointReader(options.log)
    this.books = new AlertBooks({
      definitions: options.definitions,
      partitionOf: (tenant, evalId) => options.log.partitionFor(EVAL_RESULTS, `${tenant}/${evalId}`),
      countStale: options.countStale ?? false,
      judgeOf: (tenant, evalId) => this.#checkpoints.judgeOf(tenant, evalId),
    })
    this.#inHand = new InHand({
      log: options.log,
      groupId: ALERT_GROUP,
      tryRecord: async (record) => this.books.try(record, options.nowMs()),
      retry: (attempt) => this.#retried(attempt),
      onProblem: options.onProblem,
      alone: options.alone,
    })
  }

  use(consumer: Consumer): void {
    this.#consumer = consumer
    this.#inHand.use(consumer)
  }

  async assign(partitions: readonly TopicPartition[], nowMs: number): Promise<void> {
    const { log } = this.#options
    const positions = new Map<number, number>()
    const extents = await log.endOffsets(EVAL_RESULTS)
    const committed = await log.committed(ALERT_GROUP)
    for (const { topic, partition } of partitions) {
      const start = extents.find((extent) => extent.partition === partition)?.start ?? 0
      const known = committed.find((position) => position.topic === topic && position.partition === partition)
      // Where retention was faster than this group, nothing is left before `start`.
      positions.set(partition, Math.max(known?.offset ?? start, start))
    }
    this.#committed = new Map(positions)
    this.#unwritten = []
    this.books.assign(positions, await this.#checkpoints.load(this.#problem), nowMs)
    this.books.acceptLevels(this.#checkpoints.levels())
    // Before the first result: with that one an hour of its own begins, and what came before is asked for when the next one does.
    if (this.books.arePlansUsed) this.#takeHistories(await this.#checkpoints.takeHistories())
    await this.write('begins')
  }

  async run(): Promise<void> {
    const { nowMs } = this.#options
    const { signal } = this.stop
    let failureCount = 0
    while (!signal.aborted) {
      try {
        this.books.usePlans(nowMs())
        await this.#takeNotes()
        if (this.books.hasUrgentOutput()) await this.write()
        const dueInMs = this.books.nextDueMs() + APPEND_GRACE_MS - nowMs()
        const waitMs = Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, dueInMs))
        const records = await this.#consumer.fetch({ maxBytes: FETCH_BYTES, maxWaitMs: waitMs, signal })
        // Otherwise they are another's by now, and come again.
        if (!(await this.#inHand.admit(records))) continue
        for (const record of records) await this.#take(record)
        this.#tellStale()
        await this.#advanceDue()
        if (this.books.hasUrgentOutput() || nowMs() - this.#writtenMs >= CHECKPOINT_INTERVAL_MS) await this.write()
        failureCount = 0
      } catch (error) {
        if (!(error instanceof LogError)) throw error
        if (error.code === 'closed') return
        this.#problem(`alerts wait for the log: ${error.message}`)
        await this.#backOff(failureCount++)
      }
    }
    await this.write()
  }

  async #take(record: LogRecord): Promise<void> {
    if (this.#inHand.isAside(record)) {
      this.books.skipRecord(record)
      return
    }
    try {
      const problem = this.books.takeRecord(record)
      if (problem !== null) this.#problem(`a record of results can't be read and is left out: ${problem}`)
    } catch (error) {
      // A bug of ours must not stop the partition.
      const letter = deadLetter(record, ALERT_GROUP, 'failed', messageOf(error))
      await this.#retried(() => this.#options.log.append(DEAD_LETTERS, [letter]))
      this.#problem(`a record was put aside in dead-letters: ${letter.key}: ${messageOf(error)}`)
    }
  }

  /** Now and then: they come every few minutes at the most, or once in months. */
  async #takeNotes(): Promise<void> {
    const nowMs = this.#options.nowMs()
    if (nowMs - this.#notesMs < NOTES_EVERY_MS) return
    this.#notesMs = nowMs
    const histories = await this.#checkpoints.takeHistories()
    const levels = this.books.newLevels(this.#checkpoints.levels())
    if (levels.length > 0) {
      // A crash from here on finds the very state that the levels are taken into, and takes them before it reads on: it says the same again.
      await this.write()
      this.books.acceptLevels(levels)
    }
    this.#takeHistories(histories)
  }

  #takeHistories(histories: readonly StoredHistory[]): void {
    this.#checkpoints.handBackHistories(this.books.takeHistories(histories))
  }

  #tellStale(): void {
    const { stale } = this.books.counts
    const nowMs = this.#options.nowMs()
    const count = stale - this.#staleTold.count
    if (count === 0 || nowMs - this.#staleTold.atMs < STALE_NOTICE_MS) return
    this.#staleTold = { count: stale, atMs: nowMs }
    const results = count === 1 ? '1 result' : `${count} results`
    this.#problem(`alerts left out ${results} on spans that had come more than 15 min before they were judged`)
  }

  /** Where all records up to now were taken, time itself may decide. */
  async #advanceDue(): Promise<void> {
    const untilMs = this.#options.nowMs() - APPEND_GRACE_MS
    const due = this.books.duePartitions(untilMs)
    if (due.size === 0) return
    for (const { partition, end } of await this.#options.log.endOffsets(EVAL_RESULTS))
      if (due.has(partition) && (this.books.positions.get(partition) ?? 0) >= end)
        this.books.advance(partition, untilMs)
  }

  /**
   * Writes what is outstanding, trying for as long as it takes unless stopped: then the input is read again at the next start. A member that
   * `begins` can't commit yet, and was given its partitions just now.
   */
  async write(tenure?: 'begins'): Promise<void> {
    const outputs = [...this.#unwritten, ...this.books.takeOutput()]
    this.#unwritten = []
    const positions = new Map(this.books.positions)
    // As they are now: while partitions go records are taken on, and a state that knows of them must not say that it has yet to read them.
    const states = outputs.flatMap(stateRecords)
    this.#writtenMs = this.#options.nowMs()
    for (let failureCount = 0; ; failureCount++) {
      try {
        if (tenure !== 'begins' && !(await this.#isOwner())) return
        await this.#append(outputs, states)
        await this.#commit(positions)
        return
      } catch (error) {
        if (!(error instanceof LogError)) throw error
        if (error.code === 'closed' || (this.stop.signal.aborted && failureCount > 0)) {
          // No offset must be committed past what was not written.
          this.#unwritten = outputs
          return
        }
        this.#problem(`transitions of alerts can't be written yet: ${error.message}`)
        await this.#backOff(failureCount)
      }
    }
  }

  /**
   * Before anything is written: one that slept through a take-over would write its checkpoints over newer ones of the owner, whose successor
   * would then go on from there. What it has to say the owner says too.
   */
  async #isOwner(): Promise<boolean> {
    const known = [...this.#committed].map(([partition, offset]) => ({ topic: EVAL_RESULTS, partition, offset }))
    if (!this.#inHand.isEmpty) return (await this.#inHand.commit(known)).ok
    // Nothing was taken yet: a position is committed as it stands, with what its owner before noted beside it.
    const noted = await this.#options.log.committed(ALERT_GROUP)
    const standing = noted.find(({ topic, partition }) => topic === EVAL_RESULTS && this.#committed.has(partition))
    const position = standing ?? known[0]
    return position === undefined || (await this.#consumer.commit([position])).ok
  }

  async #append(outputs: readonly Output[], states: readonly RecordToAppend[]): Promise<void> {
    const { log } = this.#options
    const transitions = outputs.flatMap(transitionRecords)
    await tracedTransitions(outputs, () => log.append(ALERTS, transitions))
    if (transitions.length > 0) faultPoint('alerts.after-transitions')
    const notifications = outputs.flatMap(({ notifications }) => notifications.map(notificationRecord))
    await log.append(NOTIFICATIONS, notifications)
    if (notifications.length > 0) faultPoint('alerts.after-notifications')
    await log.append(ALERT_STATE, states)
    if (states.length > 0) faultPoint('alerts.after-checkpoints')
  }

  async #commit(positions: ReadonlyMap<number, number>): Promise<void> {
    const moved = [...positions].filter(([partition, offset]) => this.#committed.get(partition) !== offset)
    if (moved.length === 0) return
    const outcome = await this.#inHand.commit(
      moved.map(([partition, offset]) => ({ topic: EVAL_RESULTS, partition, offset })),
    )
    faultPoint('alerts.after-commit')
    // Otherwise the partitions are another's by now, who reads from the last commit and knows what the checkpoints hold.
    if (outcome.ok) for (const [partition, offset] of moved) this.#committed.set(partition, offset)
  }

  /** Lets go of the partitions in peace. */
  async release(): Promise<void> {
    try {
      await this.#inHand.release([])
    } catch (error) {
      if (!(error instanceof LogError)) throw error
      // The next owner then looks at what was in hand here, and finds nothing.
      this.#problem(`alerts let go of the log without a word: ${error.message}`)
    }
  }

  /** For as long as the log takes, unless stopped. */
  async #retried<T>(attempt: () => Promise<T>): Promise<T> {
    for (let failureCount = 0; ; failureCount++) {
      try {
        return await attempt()
      } catch (error) {
        if (!(error instanceof LogError) || error.code === 'closed' || this.stop.signal.aborted) throw error
        this.#problem(`alerts wait for the log: ${error.message}`)
        await this.#backOff(failureCount)
      }
    }
  }

  readonly #problem = (message: string): void => this.#options.onProblem?.(message)

  async #backOff(failureCount: number): Promise<void> {
    const delayMs = Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** failureCount)
    await sleep(delayMs, undefined, { signal: this.stop.signal }).catch(() => {})
  }
}

const transitionRecords = ({ tenant, transitions }: Output): RecordToAppend[] =>
  transitions.map((transition) => ({
    key: `${tenant}/${transition.alertId}`,
    value: toJson({ version: 1, tenant, ...transition }),
    headers: { tenant, alert: transition.alertId, to: transition.to },
  }))

const stateRecords = ({ tenant, checkpoints, removed }: Output): RecordToAppend[] => [
  ...checkpoints.map(checkpointRecord),
  ...removed.map((alertId) => removalRecord(tenant, alertId)),
]

const encoder = new TextEncoder()
const toJson = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value))
