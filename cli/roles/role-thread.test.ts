import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { nodeFlags } from '../../scripts/node-flags.mjs'
import { RoleRefused, startRole } from './role-thread.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-role-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const runRole = pathToFileURL(join(import.meta.dirname, 'run-role.ts'))
const port = pathToFileURL(join(import.meta.dirname, '..', '..', 'storage', 'log', 'port.ts'))

function start(name: string, body: string) {
  const module = join(folder, `${name}.mjs`)
  writeFileSync(
    module,
    `import { CannotStart, inTurn, runRole } from '${runRole}'\nimport { LogError } from '${port}'\nawait runRole(${body})`,
  )
  const lost: string[] = []
  const said: string[] = []
  const starting = startRole<string>({
    name,
    module: pathToFileURL(module),
    data: null,
    parseInfo: String,
    onNotice: (text) => said.push(`notice ${text}`),
    onProblem: (text) => said.push(`problem ${text}`),
    onLost: (role, reason) => lost.push(`${role}: ${reason}`),
  })
  return { starting, lost, said }
}

test('a role starts, answers, speaks and drains', async () => {
  const { starting, lost, said } = start(
    'whole',
    `async (context) => ({
      info: 'here',
      setDefinitions: () => {},
      call: async (method, argument) => {
        if (method === 'fail') throw new Error('no ' + argument)
        context.notice('n'); context.problem('p')
        return argument
      },
      drain: async () => {},
    })`,
  )
  const role = await starting
  expect(role.info).toBe('here')
  await expect(role.call('echo', 7)).resolves.toBe(7)
  await expect(role.call('fail', 'way')).rejects.toThrow('no way')
  expect(said).toEqual(['notice n', 'problem p'])
  await role.drain()
  expect(lost).toEqual([])
})

test('a step that fails while draining keeps no other from being taken, and is told', async () => {
  const { starting, lost, said } = start(
    'broken-drain',
    `async (context) => ({
      info: 'here',
      setDefinitions: () => {},
      call: async () => null,
      drain: () => inTurn([
        async () => { throw new LogError('full', 'no space left') },
        async () => context.notice('the next step'),
      ]),
    })`,
  )
  const role = await starting
  await role.drain()
  expect(said).toEqual(['notice the next step', 'problem while it stopped: no space left'])
  expect(lost).toEqual([])
})

test.each([
  ['a setting', `async () => { throw new CannotStart('port taken') }`, 'port taken'],
  ['the disk', `async () => { throw new LogError('full', 'no space left') }`, 'no space left'],
])('what the user can mend is a refusal with its message: %s', async (name, body, message) => {
  await expect(start(name.replace(' ', '-'), body).starting).rejects.toThrow(new RoleRefused(message))
})

test('a bug at the start is not taken for a refusal', async () => {
  const error = await start('bug', `async () => { throw new TypeError('x is not y') }`).starting.catch(
    (e: unknown) => e,
  )
  expect(error).not.toBeInstanceOf(RoleRefused)
  expect(String(error)).toContain('bug could not start: x is not y')
})

test('a role that dies is told of once, and nobody waits for it', async () => {
  const { starting, lost } = start(
    'mortal',
    `async () => ({
      info: '', setDefinitions: () => {}, drain: async () => {},
      call: () => { setImmediate(() => { throw new Error('fell over') }); return new Promise(() => {}) },
    })`,
  )
  const role = await starting
  await expect(role.call('die', null)).rejects.toThrow('fell over')
  await expect(role.call('again', null)).rejects.toThrow('fell over')
  await role.drain()
  expect(lost).toEqual(['mortal: fell over'])
})

test('a thread that handles bytes has a small young generation, those before and after it the one of the command line', () => {
  const role = join(folder, 'young.mjs')
  writeFileSync(
    role,
    `import { getHeapSpaceStatistics } from 'node:v8'
    import { runRole } from '${runRole}'
    let kept = []
    const youngMb = () => {
      let used = 0
      for (let i = 0; i < 1_000_000; i++) {
        kept = i % 100 === 0 ? [] : [...kept.slice(-3), { i }]
        if (i % 1_000 === 0) used = Math.max(used, getHeapSpaceStatistics().find((one) => one.space_name === 'new_space').space_used_size)
      }
      return Math.round(used / 2 ** 20)
    }
    await runRole(async () => ({ info: '', setDefinitions() {}, call: async () => youngMb(), drain: async () => {} }))`,
  )
  const main = join(folder, 'young-main.mjs')
  writeFileSync(
    main,
    `import { startRole } from '${pathToFileURL(join(import.meta.dirname, 'role-thread.ts'))}'
    const found = []
    for (const handlesBytes of [false, true, false]) {
      const none = () => {}
      const options = { name: 'young', module: new URL('${pathToFileURL(role)}'), data: null, parseInfo: String, onNotice: none, onProblem: none, onLost: none }
      const thread = await startRole({ ...options, handlesBytes })
      found.push(await thread.call('young', null))
      await thread.drain()
    }
    console.log(JSON.stringify(found))`,
  )
  const { stdout, stderr } = spawnSync(process.execPath, [...nodeFlags, main], { encoding: 'utf8' })
  expect(stderr).toBe('')
  const [before, bytes, after] = JSON.parse(stdout) as number[]
  expect(before).toBeGreaterThan(20)
  expect(bytes).toBeLessThan(8)
  expect(after).toBeGreaterThan(20)
})
