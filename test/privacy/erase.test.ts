/** `assay delete` on a running Assay: what is erased is in no file afterwards, and the rest is as it was. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { erasureResponseSchema } from '../../server/schemas.ts'
import { openEmbeddedLog } from '../../storage/log/embedded.ts'
import { onlineTopics, UNSETTLED_TRACES } from '../../storage/log/topics.ts'
import { connectInProcess } from '../../storage/traces/in-process.ts'
import { encodeNote, parseNote } from '../../storage/unsettled-notes.ts'
import { type AssayProcess, runAssay, startAssay } from '../support/assay-process.ts'
import { chatRequest, post } from '../support/otlp.ts'
import { filesWith } from './everywhere.ts'

const mark = (): string => randomBytes(12).toString('hex')
const SECRETS = { anna: mark(), child: mark(), session: mark(), trace: mark(), ben: mark() }
const ERASED = [SECRETS.anna, SECRETS.child, SECRETS.session, SECRETS.trace]
const traceIdOf = (index: number): string => index.toString(16).padStart(32, '0')
const wait = (look: () => void | Promise<void>) => vi.waitFor(look, { timeout: 30_000, interval: 50 })

let folder: string
let assay: AssayProcess
const send = async (...spans: Parameters<typeof chatRequest>[0]): Promise<void> => {
  const response = await post(assay, chatRequest(spans))
  expect(response.status, await response.text()).toBe(200)
}
const spansOf = async (index: number): Promise<number> => {
  const response = await fetch(`${assay.apiUrl}/v1/traces/${traceIdOf(index)}`)
  return response.status === 404 ? 0 : ((await response.json()) as { spans: unknown[] }).spans.length
}
const openLog = async () => {
  const log = await openEmbeddedLog({ dataDir: join(folder, 'data'), retentionIntervalMs: null })
  await log.ensureTopics(onlineTopics)
  return log
}
const askToErase = (...args: string[]) =>
  runAssay(['delete', '--server', assay.apiUrl, '--json', ...args], { timeoutMs: 60_000 })
const erase = async (...args: string[]) => {
  const { code, stdout, stderr } = await askToErase(...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return erasureResponseSchema.parse(JSON.parse(stdout))
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'assay-erase-'))
  writeFileSync(
    join(folder, 'all.eval'),
    'package guard\nonline eval quick { on: llm_call  pass: duration < 1h }\nonline eval whole { on: trace  pass: count(span) < 9 }\n',
  )
  writeFileSync(join(folder, 'assay.yaml'), 'privacy: { key: env:ASSAY_PRIVACY_KEY, tokenise: [session] }\n')
  // As a process before this one may have left it.
  const settled = [
    ...[1, 3, 4].map((index) => ({ tenant: 'default', traceId: traceIdOf(index) })),
    { tenant: 'acme', traceId: traceIdOf(3) },
  ]
  const log = await openLog()
  await log.append(UNSETTLED_TRACES, [
    { key: null, partition: 0, value: encodeNote({ version: 1, partition: 0, waiting: [], settled }) },
  ])
  await log.close()
  assay = await startAssay({
    timeoutMs: 60_000,
    dataDir: join(folder, 'data'),
    evals: [join(folder, 'all.eval')],
    args: ['--config', join(folder, 'assay.yaml')],
    env: { ASSAY_PRIVACY_KEY: 'a key of the tests, long enough for it' },
  })
  // In one request: records hold spans of several traces.
  await send(
    { traceId: traceIdOf(1), output: SECRETS.anna, attributes: { 'user.id': 'anna' } },
    { traceId: traceIdOf(1), spanId: 'bb'.repeat(8), output: SECRETS.child },
    { traceId: traceIdOf(2), output: SECRETS.session, attributes: { 'session.id': 'one' } },
    { traceId: traceIdOf(3), output: SECRETS.trace },
    { traceId: traceIdOf(4), output: SECRETS.ben, attributes: { 'user.id': 'ben', 'session.id': 'two' } },
  )
  await wait(async () => {
    for (const index of [1, 2, 3, 4]) expect(await spansOf(index)).toBeGreaterThan(0)
  })
}, 120_000)

afterAll(async () => {
  await assay.kill()
  rmSync(folder, { recursive: true, force: true })
})

test('a user, a session by what it was before it was tokenised, and a trace', async () => {
  expect(await erase('--user', 'anna', '--dry-run')).toMatchObject({ dryRun: true, traces: 1, spans: 2, records: 3 })
  expect(await spansOf(1)).toBe(2)
  expect(await erase('--user', 'anna', '--yes')).toMatchObject({ traces: 1, spans: 2, keptUntil: [], isSettled: true })
  expect(await erase('--session', 'one', '--yes')).toMatchObject({ traces: 1, spans: 1, isSettled: true })
  expect(await erase('--trace', traceIdOf(3), '--yes')).toMatchObject({ traces: 1, spans: 1, isSettled: true })
  for (const unknown of [
    ['--user', 'nobody', '--yes'],
    ['--session', 'none', '--dry-run'],
    ['--trace', 'ab'.repeat(16), '--yes'],
  ]) {
    const { code, stdout, stderr } = await askToErase(...unknown)
    expect(erasureResponseSchema.parse(JSON.parse(stdout))).toMatchObject({ traces: 0, spans: 0, records: 0 })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^assay delete: nothing was found of /) })
  }
  for (const index of [1, 2, 3]) expect(await spansOf(index)).toBe(0)
  expect(await spansOf(4)).toBe(1)
}, 120_000)

test('what comes late of an erased trace is not stored, and the user may come again', async () => {
  await send({ traceId: traceIdOf(3), spanId: 'cc'.repeat(8), output: SECRETS.trace })
  await send({ traceId: traceIdOf(5), output: 'again', attributes: { 'user.id': 'anna' } })
  await wait(async () => expect(await spansOf(5)).toBe(1))
  expect(await spansOf(3)).toBe(0)
  expect(await erase('--trace', traceIdOf(3), '--yes')).toMatchObject({ spans: 0 })
}, 90_000)

test('the audit log tells who and how many, and not of whom', async () => {
  const { entries } = (await (await fetch(`${assay.apiUrl}/v1/audit`)).json()) as {
    entries: { act: string; by: string; target: string; detail: object }[]
  }
  const [first] = entries.filter(({ act }) => act === 'erase').reverse()
  expect(first).toMatchObject({ by: 'operator', detail: { kind: 'user', traces: 1, spans: 2 } })
  expect(JSON.stringify(entries)).not.toContain('anna')
})

test('a mistake is told', async () => {
  for (const args of [[], ['--user', 'a', '--trace', 'b'], ['--user', 'a']]) {
    const { code, stderr } = await runAssay(['delete', '--server', assay.apiUrl, ...args])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^assay delete: (give one of --trace, --user and --session|--yes is needed)/)
  }
})

test('nothing of it is in any file, and the rest is', async () => {
  const data = join(folder, 'data')
  expect(await assay.stop()).toBe(0)
  expect(filesWith(join(data, 'log'), ERASED)).toEqual([])
  expect(filesWith(join(data, 'log'), [SECRETS.ben])).not.toEqual([])
  const log = await openLog()
  const [note] = await log.read(UNSETTLED_TRACES, 0, 0, 1)
  await log.close()
  expect(parseNote(note!.value)?.settled).toEqual([
    { tenant: 'default', traceId: traceIdOf(4) },
    { tenant: 'acme', traceId: traceIdOf(3) },
  ])
  expect(filesWith(join(data, 'log', 'topics'), [traceIdOf(1)]).filter((file) => file.includes('unsettled'))).toEqual(
    [],
  )
  // Parts that were written anew wait for a while, in case of a crash, before their files go.
  const client = await connectInProcess(join(data, 'traces', 'chdb'))
  try {
    await client.command({
      query:
        'ALTER TABLE assay.spans MODIFY SETTING old_parts_lifetime = 0, cleanup_delay_period = 0, cleanup_delay_period_random_add = 0',
    })
    await vi.waitFor(() => expect(filesWith(join(data, 'traces'), ERASED)).toEqual([]), {
      timeout: 90_000,
      interval: 500,
    })
    // Files still go while they are looked through.
    await wait(() => expect(filesWith(join(data, 'traces'), [SECRETS.ben])).not.toEqual([]))
  } finally {
    await client.close()
  }
}, 120_000)
