import { expect, test, vi } from 'vitest'
import { openEmbeddedLog } from '../embedded.ts'
import { LogError } from '../port.ts'
import { TopicFile } from './topic-file.ts'

test('a fetch that fails at one partition skips no record of another', async () => {
  const log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics([{ name: 't', partitions: 2, retentionMs: null, retentionBytes: null, compacted: false }])
  await log.append(
    't',
    [0, 1].map((partition) => ({ key: null, partition, value: new Uint8Array(10) })),
  )
  const consumer = await log.openConsumer({ groupId: 'g', topics: ['t'], startFrom: 'earliest' })
  const { read } = TopicFile.prototype
  let reads = 0
  const broken = vi.spyOn(TopicFile.prototype, 'read').mockImplementation(function (this: TopicFile, ...args) {
    if (++reads === 2) throw new LogError('io', 'disk I/O error')
    return read.apply(this, args)
  })
  const fetched = () => consumer.fetch({ maxBytes: 1_000, maxWaitMs: 0 })
  await expect(fetched()).rejects.toThrow('disk I/O error')
  broken.mockRestore()
  expect((await fetched()).map(({ partition }) => partition).sort()).toEqual([0, 1])
  await consumer.close()
  await log.close()
})
