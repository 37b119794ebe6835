/** What one owner of a partition leaves to the next: the notes of traces that wait for the store. */
import type { Evaluator } from '../../engine/evaluate/evaluator.ts'
import type { Log, TopicPartition } from '../../storage/log/port.ts'
import { UNSETTLED_TRACES } from '../../storage/log/topics.ts'
import type { TraceJudge } from './trace-judge.ts'
import { readUnsettled, unsettledRecords } from './unsettled-traces.ts'

export interface HandOverOptions {
  log: Log
  judge: TraceJudge
  /** Waits outages of the log out; rejects when it is stopped meanwhile. */
  retry: <T>(attempt: () => Promise<T>) => Promise<T>
  evaluatorOf: (tenant: string) => Evaluator
}

export class HandOver {
  readonly #options: HandOverOptions

  constructor(options: HandOverOptions) {
    this.#options = options
  }

  /** Before what they were read from is committed: whoever has the partition next finds them there. */
  async note(): Promise<void> {
    const { log, judge, retry } = this.#options
    const news = judge.waiting.takeNews()
    if (news.length === 0) return
    await retry(async () =>
      log.append(UNSETTLED_TRACES, unsettledRecords(news, await log.partitionsOf(UNSETTLED_TRACES))),
    )
  }

  /** What the owners before have left to be judged when the store has it; their last words come before ours. */
  async takeOver(partitions: readonly TopicPartition[], isStillOurs: () => boolean): Promise<void> {
    const { log, judge, retry, evaluatorOf } = this.#options
    await retry(() => judge.begin())
    for (const { partition } of partitions) {
      const unsettled = await retry(() => readUnsettled(log, partition))
      if (!isStillOurs()) return
      judge.resume(partition, unsettled, evaluatorOf)
    }
  }
}
