import { afterAll, beforeAll, expect, test } from 'vitest'
import { planOf } from '../../dsl/testing.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../log/embedded.ts'
import { definitionTopics, EVAL_DEFINITIONS } from '../log/topics.ts'
import { type DefinitionsInForce, followDefinitions } from './follow.ts'
import { publishDefinitions, rollBackDefinitions } from './publish.ts'
import { parsePackage } from './published.ts'

let log: EmbeddedLog
beforeAll(async () => {
  log = await openEmbeddedLog({ dataDir: ':memory:', retentionIntervalMs: null })
  await log.ensureTopics(definitionTopics)
})
afterAll(() => log.close())

const source = (name: string, limit: string) =>
  planOf(`package ${name}\nonline eval quick { on: trace  pass: duration <= ${limit} }\n`)

async function follow(tenant: string) {
  const changes: DefinitionsInForce[] = []
  const problems: string[] = []
  const all = await followDefinitions({
    log,
    onChange: (whose, inForce) => {
      if (whose === tenant) changes.push(inForce)
    },
    onProblem: (text) => problems.push(text),
    pollMs: 3_600_000,
  })
  const followed = { ...all, current: () => all.current(tenant) }
  const push = async (plan: ReturnType<typeof planOf>, revision: string | null = null) => {
    const outcome = await publishDefinitions(log, followed.current(), { tenant, plan, revision, pushedAtMs: 1 })
    await followed.refresh()
    return outcome
  }
  return { followed, changes, problems, push }
}

test('with nothing published an empty plan is in force', async () => {
  const { followed } = await follow('empty')
  expect(followed.current().plan.evals).toEqual([])
  await followed.close()
})

test('packages are in force beside each other, and the same again changes nothing', async () => {
  const { followed, changes, push } = await follow('a')
  expect(await push(source('shop', '5s'), 'r1')).toEqual({
    ok: true,
    packages: [{ name: 'shop', revision: 'r1', changed: true }],
  })
  await push(source('bank', '1s'))
  expect(followed.current().plan.evals.map(({ id }) => id)).toEqual(['bank/quick', 'shop/quick'])
  expect(await push(source('shop', '5s'), 'r2')).toMatchObject({ packages: [{ revision: 'r1', changed: false }] })
  expect(changes).toHaveLength(2)
  const late = await follow('a')
  expect(late.followed.current().plan).toEqual(followed.current().plan)
  await followed.close()
  await late.followed.close()
})

test('a rollback brings the release before, and another one takes it back', async () => {
  const { followed, push } = await follow('b')
  await push(source('shop', '5s'), 'r1')
  expect(await rollBackDefinitions(log, followed.current(), 'shop')).toEqual({
    ok: false,
    message: 'package shop has no earlier release',
  })
  await push(source('shop', '1s'), 'r2')
  for (const revision of ['r1', 'r2']) {
    expect(await rollBackDefinitions(log, followed.current(), 'shop')).toMatchObject({ packages: [{ revision }] })
    await followed.refresh()
    expect(followed.current().packages[0]?.current.revision).toBe(revision)
  }
  expect(await rollBackDefinitions(log, followed.current(), 'nowhere')).toMatchObject({ ok: false })
  await followed.close()
})

test('tenants do not see each other', async () => {
  const one = await follow('one')
  const two = await follow('two')
  await one.push(source('shop', '5s'))
  await two.followed.refresh()
  expect(two.followed.current().packages).toEqual([])
  await one.followed.close()
  await two.followed.close()
})

test('a record that is none is refused and told, and what was in force stays', async () => {
  const { followed, problems, push } = await follow('c')
  await push(source('shop', '5s'))
  const hash = followed.current().plan.hash
  await log.append(EVAL_DEFINITIONS, [{ key: 'c/shop', value: new TextEncoder().encode('{"version":2}') }])
  await followed.refresh()
  expect(followed.current().plan.hash).toBe(hash)
  expect(problems).toEqual([expect.stringMatching(/^definitions at offset \d+ are refused: version:/)])
  await followed.close()
})

test('a release that an older version pushed is refused, with what to do', async () => {
  const { followed, push } = await follow('d')
  await push(source('shop', '5s'))
  const [published] = followed.current().packages
  if (published === undefined) throw new Error('nothing was published')
  const older = { ...published, current: { ...published.current, plan: { ...published.current.plan, version: 1 } } }
  expect(parsePackage(new TextEncoder().encode(JSON.stringify(older)))).toEqual({
    ok: false,
    message:
      'current.plan: is a plan of version 1, and this Assay reads version 2: push with the same version of Assay',
  })
  await followed.close()
})

test.each([
  [new Uint8Array([0xff]), 'not JSON'],
  [new TextEncoder().encode('7'), 'object'],
])('%o is not a package', (bytes, named) => {
  expect(parsePackage(bytes)).toMatchObject({ ok: false, message: expect.stringContaining(named) })
})
