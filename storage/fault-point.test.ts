import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FAULT_POINT_VARIABLE, FAULT_POINTS, parseArmedPoint } from './fault-point.ts'

const root = join(import.meta.dirname, '..')
const run = (setting: string) =>
  spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { faultPoint } from '${join(import.meta.dirname, 'fault-point.ts')}'
for (let i = 1; i <= 3; i++) { faultPoint('store.after-insert'); console.log(i) }`,
    ],
    { encoding: 'utf8', env: { ...process.env, [FAULT_POINT_VARIABLE]: setting } },
  )

test.each([
  ['', null, '1\n2\n3\n'],
  ['store.after-commit', null, '1\n2\n3\n'],
  ['store.after-insert', 'SIGKILL', ''],
  ['store.after-insert:3', 'SIGKILL', '1\n2\n'],
])('armed with %j', (setting, signal, stdout) => {
  expect(run(setting)).toMatchObject({ signal, stdout })
})

test.each([
  ['store.after-lunch', 'there is no fault point store.after-lunch'],
  ['toString', 'there is no fault point toString'],
  ['store.after-insert:0', '0 is no count'],
  ['store.after-insert:x', 'x is no count'],
])('%s is refused: a kill that never comes proves nothing', (setting, message) => {
  expect(() => parseArmedPoint(setting)).toThrow(message)
})

test('every point of the registry is passed at one place of the code, and no other is', () => {
  const folders = ['storage', 'ingest', 'workers', 'alerting', 'server', 'cli', 'engine']
  const passed = folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(root, folder, name)),
    )
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bfaultPoint\('([^']+)'\)/g)].map(([, name]) => name))
  expect(passed.sort()).toEqual(Object.keys(FAULT_POINTS).sort())
})
