import { expect, test } from 'vitest'
import { UnreadableRecords } from '../port.ts'
import { Obstacles } from './obstacles.ts'
import { PartitionBuffers } from './partition-buffers.ts'

const range = { topic: 't', partition: 0, from: 5, to: 8 }
const damage = new UnreadableRecords(range, new Uint8Array(1), 'the checksum of their batch is wrong')
const damaged = {
  sizeBytes: 1,
  nextOffset: 8,
  damage,
  records: (): never => {
    throw damage
  },
}

function bench() {
  const buffers = new PartitionBuffers()
  buffers.assign([{ topic: 't', partition: 0, offset: 5 }])
  const [buffer] = [...buffers.all()]
  const state = { nowMs: 0, isSkipped: false as boolean | Error, changes: 0, told: [] as string[] }
  const obstacles = new Obstacles({
    groupId: 'g',
    buffers,
    isSkipped: async () => {
      if (state.isSkipped instanceof Error) throw state.isSkipped
      return state.isSkipped
    },
    onProblem: (text) => state.told.push(text),
    monotonicMs: () => state.nowMs,
    onChange: () => state.changes++,
  })
  const come = (): void => buffers.add(buffer!, buffer!.epoch, [damaged])
  const lookAt = async (nowMs: number): Promise<void> => {
    state.nowMs = nowMs
    obstacles.look()
    await new Promise(setImmediate)
  }
  return { buffers, buffer: buffer!, state, come, lookAt }
}

test('it is told with its place and with what to do, read again every 10 s, and told again after 10 min', async () => {
  const { buffers, state, come, lookAt } = bench()
  come()
  await lookAt(0)
  expect(state.told).toEqual([
    'group g waits: records 5 to 7 of t/0 cannot be read: the checksum of their batch is wrong. Other partitions go on, and it is read again every 10 s: let a broker lead whose replica is whole (docs/operations/runbooks.md); if none is, assay dlq skip t/0/5 puts these records aside for good',
  ])
  await lookAt(9_999)
  expect(buffers.blocked()).toHaveLength(1)
  await lookAt(10_000)
  expect(buffers.blocked()).toHaveLength(0)
  expect(state.changes).toBe(1)
  come()
  await lookAt(10_001)
  expect(buffers.blocked()).toHaveLength(1)
  expect(state.told).toHaveLength(1)
  for (let nowMs = 20_000; nowMs <= 600_000; nowMs += 10_000) {
    await lookAt(nowMs)
    come()
  }
  expect(state.told).toHaveLength(2)
})

test('what an operator let go is passed over, and said', async () => {
  const { buffer, buffers, state, come, lookAt } = bench()
  come()
  await lookAt(0)
  state.isSkipped = true
  await lookAt(10_000)
  expect(buffers.blocked()).toEqual([])
  expect(buffer.nextOffset).toBe(8)
  expect(state.told.at(-1)).toMatch(
    /^group g goes on behind t\/0\/5, as assay dlq skip told it: records 5 to 7 of t\/0/,
  )
})

test('nothing is passed over while it cannot be found out whether it may be', async () => {
  const { buffer, state, come, lookAt } = bench()
  state.isSkipped = new Error('no broker')
  come()
  await lookAt(0)
  expect(state.told[0]).toBe('whether t/0/5 may be passed over cannot be found out: no broker')
  expect(buffer.nextOffset).toBe(5)
})
