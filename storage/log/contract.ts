/**
 * What every adapter of the log port has to do, as a test suite: run against the real part, never a mock. Nothing in it depends
 * on a clock of its own, on exact offsets, or on an order across partitions; what is asynchronous is waited for up to a deadline.
 */
import { afterAll, describe } from 'vitest'
import { describeAppending } from './contract/appending.ts'
import { describeGroups } from './contract/groups.ts'
import type { LogContractHarness } from './contract/harness.ts'
import { createBench } from './contract/harness.ts'
import { describePositions } from './contract/positions.ts'
import { describeRebalancing } from './contract/rebalancing.ts'
import { describeTailing } from './contract/tailing.ts'

export type { LogContractHarness } from './contract/harness.ts'

/** Declares the suite for one adapter. `harness.open` gives another client of the same broker or folder each time. */
export function describeLogContract(name: string, harness: LogContractHarness): void {
  describe(`log contract: ${name}`, { timeout: harness.deadlineMs * 3 }, () => {
    const bench = createBench(harness)
    afterAll(() => bench.close())
    describeAppending(bench)
    describePositions(bench)
    describeTailing(bench)
    describeGroups(bench)
    describeRebalancing(bench)
  })
}
