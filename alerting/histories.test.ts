/** Which histories a reader of `alert-state` keeps, and tells of again. */
import { expect, test } from 'vitest'
import type { AlertHistory } from '../engine/alerting/history.ts'
import { historyRecord } from '../storage/alerts/history-record.ts'
import type { RecordToAppend } from '../storage/log/port.ts'
import { ALERT_STATE } from '../storage/log/topics.ts'
import { createMemoryLog } from '../test/support/memory-log.ts'
import { CheckpointReader, removalRecord } from './checkpoint.ts'
import { Histories } from './histories.ts'

const history = (toMs: number): AlertHistory => ({
  ...{ measureHash: 'm', toMs, looks: [], days: [], roughCutoff: null, values: [], parts: [] },
})

function bench() {
  let clockMs = 0
  const log = createMemoryLog(() => clockMs)
  const reader = new CheckpointReader(log.client({ onWrite: () => true, isAlive: () => true }))
  const append = (...records: RecordToAppend[]): void => {
    clockMs += 1000
    log.append(ALERT_STATE, records)
  }
  const taken = async (): Promise<string[]> =>
    (await reader.takeHistories()).map(({ tenant, alertId, history: { toMs } }) => `${tenant}/${alertId} ${toMs}`)
  /** As who takes a partition over asks. */
  const takenOver = async (): Promise<string[]> => {
    await reader.load(expect.fail)
    return taken()
  }
  return { append, taken, takenOver }
}

test('the last of each alert is told once, and again to who takes its partition over', async () => {
  const { append, taken, takenOver } = bench()
  append(historyRecord('default', 'shop/worse', history(1)), historyRecord('other', 'shop/worse', history(2)))
  append(historyRecord('default', 'shop/worse', history(3)))
  expect(await taken()).toEqual(['default/shop/worse 3', 'other/shop/worse 2'])
  expect(await taken()).toEqual([])
  expect(await takenOver()).toEqual(['default/shop/worse 3', 'other/shop/worse 2'])
})

test('one that nobody had a use for is told again, if it is there still', async () => {
  const histories = new Histories()
  for (const name of ['shop/worse', 'shop/odd', 'shop/gone']) {
    const { key, value } = historyRecord('default', name, history(1))
    histories.take(key ?? '', value, 1_000)
  }
  const [worse, , gone] = histories.takeUntold()
  expect(histories.takeUntold()).toEqual([])
  histories.forget('default', 'shop/gone', 2_000)
  histories.handBack([worse!, gone!])
  expect(histories.takeUntold()).toEqual([worse])
  expect(histories.takeUntold()).toEqual([])
})

test('that of an alert that is gone is kept no longer; one that comes back has a new one', async () => {
  const { append, taken, takenOver } = bench()
  append(historyRecord('default', 'shop/worse', history(1)), historyRecord('default', 'shop/odd', history(1)))
  expect(await taken()).toHaveLength(2)
  append(removalRecord('default', 'shop/worse'))
  expect(await takenOver()).toEqual(['default/shop/odd 1'])
  append(historyRecord('default', 'shop/worse', history(2)))
  expect(await taken()).toEqual(['default/shop/worse 2'])
  expect(await takenOver()).toEqual(['default/shop/odd 1', 'default/shop/worse 2'])
})

test('which partition of the log is read first makes no difference', () => {
  const [before, after] = [
    historyRecord('default', 'shop/worse', history(1)),
    historyRecord('default', 'shop/worse', history(2)),
  ]
  const late = new Histories()
  late.forget('default', 'shop/worse', 1_000)
  late.take(before.key ?? '', before.value, 900)
  expect(late.takeUntold()).toEqual([])
  late.take(after.key ?? '', after.value, 1_100)
  late.forget('default', 'shop/worse', 1_000)
  expect(late.takeUntold()).toHaveLength(1)
})
