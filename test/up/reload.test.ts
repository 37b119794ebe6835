/** `.eval` files are edited while `assay up` runs. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { evalsResponseSchema, healthSchema } from '../../server/schemas.ts'
import { type AssayProcess, startAssay } from '../support/assay-process.ts'
import { getJson, getTrace, send, traceIdOf, until } from '../support/otlp.ts'

// The data folder among the definitions, where a terse user has it: its thousands of changes must not hide an edit.
const folder = mkdtempSync(join(tmpdir(), 'assay-reload-'))
const file = join(folder, 'shop.eval')
const rule = (word: string): string => `package shop

online eval polite {
  on:       llm_call
  pass:     not (output.text contains "${word}")
  missing:  unknown
}
`
const second = (name: string): string => `package more

online eval ${name} {
  on:       llm_call
  pass:     duration < 5s
}
`

let assay: AssayProcess
beforeAll(async () => {
  writeFileSync(file, rule('shut up'))
  assay = await startAssay({ dataDir: join(folder, 'data'), evals: [folder] })
})
afterAll(async () => {
  expect(await assay.stop()).toBe(0)
  rmSync(folder, { recursive: true, force: true })
})

const inForce = async () => evalsResponseSchema.parse(await getJson(assay, '/v1/evals'))
const idsInForce = async (): Promise<string[]> => (await inForce()).evals.map(({ id }) => id).sort()
const health = async () => healthSchema.parse(await getJson(assay, '/health'))

let traceCount = 0
async function verdictsOf(output: string): Promise<Record<string, string>> {
  const traceId = traceIdOf(++traceCount)
  await send(assay, { traceId, output })
  const ids = await idsInForce()
  const trace = await until('the verdicts', async () => {
    const found = await getTrace(assay, traceId)
    return found?.spans[0]?.results.length === ids.length && found
  })
  return Object.fromEntries(trace.spans[0]!.results.map((result) => [result.eval, result.verdict]))
}

test('an edit is in force without a restart', async () => {
  expect(await verdictsOf('shut up')).toEqual({ 'shop/polite': 'fail' })
  const before = (await inForce()).hash
  writeFileSync(file, rule('go away'))
  await until('the swap', async () => (await inForce()).hash !== before)
  expect(await verdictsOf('shut up')).toEqual({ 'shop/polite': 'pass' })
  expect(await verdictsOf('go away')).toEqual({ 'shop/polite': 'fail' })
  expect(assay.stdout()).toMatch(/The \.eval files have changed; now in force:\nEvals {6}1 file in force/)
})

test('an edit that does not check is refused with its diagnostics, and mended by a later one', async () => {
  const before = (await inForce()).hash
  writeFileSync(file, rule('x').replace('output.text', 'output.txt'))
  await until('the refusal', async () => (await health()).status === 'degraded')
  expect(assay.stderr()).toMatch(/shop\.eval:5:\d+[\s\S]+output\.txt[\s\S]+the version before stays in force/)
  expect((await health()).components).toContainEqual({
    name: 'definitions',
    state: 'degraded',
    detail: expect.stringContaining('do not check'),
  })
  const refused = await inForce()
  expect(refused.hash).toBe(before)
  expect(refused.diagnostics).toContainEqual(expect.objectContaining({ severity: 'error', line: 5 }))
  expect((await fetch(`${assay.apiUrl}/ready`)).status).toBe(200)
  expect(await verdictsOf('go away')).toEqual({ 'shop/polite': 'fail' })

  writeFileSync(file, rule('nonsense'))
  await until('the recovery', async () => (await health()).status === 'ok')
  expect((await inForce()).diagnostics).toEqual([])
  expect(await verdictsOf('nonsense')).toEqual({ 'shop/polite': 'fail' })
})

test('a break that is taken back is over', async () => {
  const before = (await inForce()).hash
  writeFileSync(file, 'package shop\nonline eval')
  await until('the refusal', async () => (await health()).status === 'degraded')
  writeFileSync(file, rule('nonsense'))
  await until('the recovery', async () => (await health()).status === 'ok')
  expect((await inForce()).hash).toBe(before)
})

test('files and folders come, are replaced by renaming, and go', async () => {
  const more = join(folder, 'more.eval')
  writeFileSync(more, second('quick'))
  await until('the new file', async () => (await idsInForce()).join() === 'more/quick,shop/polite')
  expect(await verdictsOf('hello')).toEqual({ 'shop/polite': 'pass', 'more/quick': 'pass' })

  // As editors save.
  writeFileSync(`${more}.tmp`, second('prompt'))
  renameSync(`${more}.tmp`, more)
  await until('the replaced file', async () => (await idsInForce()).join() === 'more/prompt,shop/polite')

  mkdirSync(join(folder, 'sub', 'deep'), { recursive: true })
  writeFileSync(join(folder, 'sub', 'deep', 'deep.eval'), second('deep').replace('package more', 'package deep'))
  await until('the file in a new folder', async () => (await idsInForce()).includes('deep/deep'))
  rmSync(join(folder, 'sub'), { recursive: true })
  await until('its end', async () => !(await idsInForce()).includes('deep/deep'))

  rmSync(more)
  await until('the end of the new file', async () => (await idsInForce()).join() === 'shop/polite')
  expect((await health()).status).toBe('ok')
})
