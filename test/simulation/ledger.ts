/** What happened in a run, and the promises that hold at every step of it. */
import { decodeResults } from '../../engine/codec/results.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { LogRecord, PartitionOffset } from '../../storage/log/port.ts'
import { AGENT_TRACES, DEAD_LETTERS, EVAL_RESULTS } from '../../storage/log/topics.ts'
import type { DeliveryObserver } from './consumer.ts'
import { type LogObserver, type LogServer, partitionName } from './log-server.ts'
import { FAST } from './plan.ts'
import { type StoreServer, spanKey, subjectKey } from './store-server.ts'
import type { Role, SentRecord } from './workload.ts'

export const EVALUATE_GROUP = 'trans-evaluate'
export const STORE_GROUP = 'trans-store'

/** Of one trace in the log. */
export interface AppendedTrace {
  readonly traceKey: string
  readonly spanKeys: Set<string>
  /** The processes that die of its spans. */
  readonly kills: readonly Role[]
  readonly partition: number
  readonly firstOffset: number
  lastOffset: number
  readonly firstAtMs: number
  /** Of any span, and of the last one that was not there before. */
  lastAtMs: number
  lastNewAtMs: number
  rootAtMs: number | null
}

export class Ledger implements LogObserver, DeliveryObserver {
  readonly #nowMs: () => number
  readonly #sentByValue = new Map<Uint8Array, SentRecord>()
  readonly #resultsByValue = new Map<Uint8Array, EvalResult[]>()
  readonly #nextByMember = new Map<string, number>()
  readonly #checkedUpTo = new Map<string, number>()
  readonly acknowledged = new Set<SentRecord>()
  readonly sent: SentRecord[] = []
  readonly traces = new Map<string, AppendedTrace>()
  readonly #evaluationStarts: PartitionOffset[] = []
  /** Spans whose arrival verdict is in the log. */
  readonly #arrivalVerdicts = new Set<string>()
  /** What was said first of each subject in each revision. */
  readonly #verdicts = new Map<string, string>()
  readonly deadLetterSources = new Map<string, number>()
  /** How often the store group was given a record, by its position. */
  readonly deliveries = new Map<string, number>()
  /** When evaluation last lost its memory of some partition: then only what it reads again, or back, is known to it. */
  evaluationDisturbedAtMs = Number.NEGATIVE_INFINITY
  violation: string | null = null
  /** Two verdicts of one revision. */
  contradiction: string | null = null
  log!: LogServer
  store!: StoreServer

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  violate(text: string): void {
    this.violation ??= text
  }

  send(sent: SentRecord): void {
    this.sent.push(sent)
    this.#sentByValue.set(sent.record.value, sent)
  }

  sentOf(record: LogRecord): SentRecord {
    return this.#sentByValue.get(record.value)!
  }

  resultsOf(record: LogRecord): EvalResult[] {
    let results = this.#resultsByValue.get(record.value)
    if (results === undefined) {
      results = decodeResults(record.value)
      this.#resultsByValue.set(record.value, results)
    }
    return results
  }

  onAppend(record: LogRecord): void {
    if (record.topic === DEAD_LETTERS) {
      const source = record.headers.source ?? ''
      this.deadLetterSources.set(source, (this.deadLetterSources.get(source) ?? 0) + 1)
    } else if (record.topic === EVAL_RESULTS) {
      for (const result of this.resultsOf(record)) {
        if (result.evalId === FAST) this.#arrivalVerdicts.add(spanKey(result))
        this.#onVerdict(result)
      }
    } else if (record.topic === AGENT_TRACES) this.#onTraces(record)
  }

  /** Whoever counts verdicts as they come must not count two of one revision. */
  #onVerdict(result: EvalResult): void {
    const key = `${subjectKey(result)}/${result.revision}`
    const said = `${result.verdict} by ${result.score}`
    const before = this.#verdicts.get(key)
    if (before !== undefined && before !== said) this.contradiction ??= `${key} is ${said}, and was ${before}`
    this.#verdicts.set(key, said)
  }

  onAssigned(groupId: string, memberId: string, generation: number, position: PartitionOffset): void {
    if (groupId === EVALUATE_GROUP) this.#evaluationStarts.push(position)
    this.#nextByMember.set(`${memberId}/${generation}/${partitionName(position)}`, position.offset)
  }

  onDelivered(groupId: string, memberId: string, generation: number, record: LogRecord): void {
    this.#nextByMember.set(`${memberId}/${generation}/${partitionName(record)}`, record.offset + 1)
    if (groupId !== STORE_GROUP) return
    const position = positionOf(record)
    this.deliveries.set(position, (this.deliveries.get(position) ?? 0) + 1)
  }

  onSeek(groupId: string, position: PartitionOffset): void {
    if (groupId !== EVALUATE_GROUP) return
    this.evaluationDisturbedAtMs = this.#nowMs()
    this.#evaluationStarts.push(position)
  }

  /** Evaluation began to read in the middle of it: what is before that it knows from the store at best. */
  isSplit({ partition, firstOffset, lastOffset }: AppendedTrace): boolean {
    return this.#evaluationStarts.some(
      (start) => start.partition === partition && firstOffset < start.offset && start.offset <= lastOffset,
    )
  }

  onGeneration(groupId: string): void {
    if (groupId === EVALUATE_GROUP) this.evaluationDisturbedAtMs = this.#nowMs()
  }

  onCommit(groupId: string, memberId: string, generation: number, offsets: readonly PartitionOffset[]): void {
    for (const position of offsets) {
      const name = partitionName(position)
      const next = this.#nextByMember.get(`${memberId}/${generation}/${name}`)
      if (next === undefined || position.offset > next) {
        const given = next === undefined ? 'nothing of it' : `it up to ${next}`
        this.violate(
          `${groupId} commits ${name}@${position.offset}, and in generation ${generation} was given ${given}`,
        )
      }
      const from = this.#checkedUpTo.get(`${groupId}/${name}`) ?? 0
      for (const record of this.log.read(position, from, position.offset - from)) this.#checkCommitted(groupId, record)
      this.#checkedUpTo.set(`${groupId}/${name}`, Math.max(from, position.offset))
    }
  }

  #checkCommitted(groupId: string, record: LogRecord): void {
    const missing = groupId === STORE_GROUP ? this.#unstoredOf(record) : this.#unevaluatedOf(record)
    if (missing !== null) this.violate(`${groupId} commits past ${positionOf(record)} without ${missing}`)
  }

  #unstoredOf(record: LogRecord): string | null {
    if (record.topic === EVAL_RESULTS) {
      const lacking = this.resultsOf(record).find(
        (result) => !this.store.results.has(`${subjectKey(result)}/${result.revision}`),
      )
      return lacking === undefined ? null : `the result of ${lacking.evalId} on ${spanKey(lacking)}`
    }
    const { spans, kills } = this.sentOf(record)
    if (spans.length === 0 || kills.includes('store')) return this.#deadLetterLacking(record)
    const lacking = spans.find(({ key }) => !this.store.spans.has(key))
    return lacking === undefined ? null : `the span ${lacking.key}`
  }

  #deadLetterLacking(record: LogRecord): string | null {
    return this.deadLetterSources.has(positionOf(record)) ? null : 'its dead letter'
  }

  #unevaluatedOf(record: LogRecord): string | null {
    const { spans, kills } = this.sentOf(record)
    if (kills.includes('evaluate')) return this.#deadLetterLacking(record)
    const lacking = spans.find(({ key }) => !this.#arrivalVerdicts.has(key))
    return lacking === undefined ? null : `the verdict on ${lacking.key}`
  }

  #onTraces(record: LogRecord): void {
    const nowMs = this.#nowMs()
    const { partition, offset } = record
    const { spans, kills } = this.sentOf(record)
    for (const { key, traceKey, isRoot } of spans) {
      let trace = this.traces.get(traceKey)
      if (trace === undefined) {
        trace = {
          traceKey,
          spanKeys: new Set(),
          kills,
          partition,
          firstOffset: offset,
          lastOffset: offset,
          firstAtMs: nowMs,
          lastAtMs: nowMs,
          lastNewAtMs: nowMs,
          rootAtMs: null,
        }
        this.traces.set(traceKey, trace)
      }
      trace.lastAtMs = nowMs
      trace.lastOffset = offset
      if (!trace.spanKeys.has(key)) trace.lastNewAtMs = nowMs
      trace.spanKeys.add(key)
      if (isRoot) trace.rootAtMs ??= nowMs
    }
  }
}

export const positionOf = (record: LogRecord): string => `${record.topic}/${record.partition}/${record.offset}`

export const isOfTraces = (record: LogRecord): boolean => record.topic === AGENT_TRACES
