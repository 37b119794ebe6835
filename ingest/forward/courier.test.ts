import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { LogError } from '../../storage/log/port.ts'
import { openBufferFile } from './buffer-file.ts'
import { Courier } from './courier.ts'
import { DiskBuffer } from './disk-buffer.ts'
import { SetAside } from './set-aside.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-courier-'))
const file = openBufferFile(folder, 64 << 20, 'process')
let courier: Courier | null = null
afterEach(async () => {
  await courier?.stop(0)
  file.close()
  rmSync(folder, { recursive: true })
})

test('a disk that is full when a delivered request is to be removed delays what follows, and nothing is sent twice', async () => {
  const buffer = new DiskBuffer(file, { whenFull: 'refuse', nowMs: () => 0 })
  const put = (text: string) => buffer.append([{ key: null, value: Buffer.from(text), headers: { spans: '1' } }])
  let failures = 2
  const sent: string[] = []
  const said: string[] = []
  await put('first')
  courier = new Courier({
    buffer: {
      peek: (maxBytes, maxRecords) => buffer.peek(maxBytes, maxRecords),
      arrived: () => buffer.arrived(),
      shrink: () => buffer.shrink(),
      stats: () => buffer.stats(),
      removeThrough: (offset) => {
        if (failures-- > 0) throw new LogError('full', 'no space left')
        buffer.removeThrough(offset)
      },
    },
    sender: {
      send: async (request) => {
        sent.push(Buffer.from(request).toString())
        return { kind: 'delivered', rejectedSpans: 0, message: '' }
      },
    },
    setAside: new SetAside(file, () => 0),
    nowMs: () => 0,
    random: () => 0,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    onChange: (text) => said.push(text),
  })
  await put('second')
  await vi.waitFor(() => expect(buffer.stats().records).toBe(0), { timeout: 20_000, interval: 5 })
  expect(sent.join(' ').match(/first|second/g)).toEqual(['first', 'second'])
  expect(said).toEqual(['the buffer cannot be written, and delivery waits for it: no space left'])
  expect(courier.stats()).toMatchObject({ deliveredSpans: 2, failures: 0 })
})
