/** When a run that is asked for by hand need not wait. */
import { expect, test } from 'vitest'
import { LogError } from '../../storage/log/port.ts'
import { AGENT_TRACES, EVAL_RESULTS } from '../../storage/log/topics.ts'
import { isQuietSince } from './quiet.ts'

/** Of each partition: where it begins and ends, the first offset since the time, and up to which it is stored. */
const quietWith = (partitions: readonly [start: number, end: number, since: number, stored: number | null][]) =>
  isQuietSince(
    {
      endOffsets: async () => partitions.map(([start, end], partition) => ({ partition, start, end })),
      offsetsForTime: async (topic) => partitions.map(([, , offset], partition) => ({ topic, partition, offset })),
      committed: async () => [
        // Of another topic of the group: it says nothing of this one.
        { topic: EVAL_RESULTS, partition: 0, offset: 1_000 },
        ...partitions.flatMap(([, , , offset], partition) =>
          offset === null ? [] : [{ topic: AGENT_TRACES, partition, offset }],
        ),
      ],
    },
    1_000,
  )

test.each([
  ['nothing ever came', [[0, 0, 0, null]], true],
  ['all is long past and stored', [[0, 10, 10, 10]], true],
  ['all of it was deleted by the retention', [[10, 10, 10, null]], true],
  ['something came since, and is stored', [[0, 10, 9, 10]], false],
  ['something is not stored yet', [[0, 10, 10, 9]], false],
  ['nothing was stored yet', [[0, 10, 10, null]], false],
  [
    'one partition of two is not quiet',
    [
      [0, 10, 10, 10],
      [0, 10, 8, 8],
    ],
    false,
  ],
] as const)('%s', async (_, partitions, expected) => {
  expect(await quietWith(partitions.map((one) => [...one]))).toBe(expected)
})

test('a log that cannot be asked is not quiet', async () => {
  const away = async () => {
    throw new LogError('io', 'the broker is away')
  }
  expect(await isQuietSince({ endOffsets: away, offsetsForTime: away, committed: away }, 1_000)).toBe(false)
})
