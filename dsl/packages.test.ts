import { expect, test } from 'vitest'
import { isIntact, joinPackages, splitByPackage, whyNotIntact } from './packages.ts'
import { compileProject } from './project.ts'

const SHOP = `package shop
import bank from "./bank.eval"
pattern order = /order-[0-9]{6}/
online eval clean { on: llm_call  pass: not (output.text matches any [order, bank.iban])  missing: unknown }
online eval calm { on: llm_call where fails(bank.safe)  pass: duration <= 5s }
alert leak { on: clean  when: count(fail) >= 1 over 10m  severity: page }
`
const BANK = `package bank
pattern iban = /DE[0-9]{20}/
online eval safe { on: llm_call  pass: not (output.text matches iban)  missing: unknown }
`

function plan() {
  const files = [
    { path: 'bank.eval', text: BANK },
    { path: 'shop.eval', text: SHOP },
  ]
  const compiled = compileProject({
    files,
    readImport: (_, name) => files.find(({ path }) => name.endsWith(path)) ?? null,
  })
  expect(compiled.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  return compiled.plan!
}

test('each package has its own declarations, and of the patterns those that it needs', () => {
  const parts = splitByPackage(plan())
  expect([...parts.keys()]).toEqual(['bank', 'shop'])
  expect(parts.get('bank')!.evals.map(({ id }) => id)).toEqual(['bank/safe'])
  expect(parts.get('bank')!.patterns.map(({ source }) => source)).toEqual(['DE[0-9]{20}'])
  expect(parts.get('shop')!.alerts.map(({ id }) => id)).toEqual(['shop/leak'])
  expect(parts.get('shop')!.patterns).toHaveLength(2)
  for (const part of parts.values()) expect(isIntact(JSON.parse(JSON.stringify(part)))).toBe(true)
})

test('put together again, in any order, they mean what they meant', () => {
  const whole = plan()
  const parts = [...splitByPackage(whole).values()]
  for (const order of [parts, parts.toReversed()]) {
    const joined = joinPackages(order)
    if (!joined.ok) throw new Error(joined.problems.join())
    const sources = (of: typeof whole) =>
      Object.fromEntries(
        of.evals.map((one) => [
          one.id,
          JSON.stringify(one).replace(/"patterns":\[([\d,]*)\]/g, (_, list: string) =>
            list
              .split(',')
              .map((index) => of.patterns[Number(index)]?.source)
              .join(),
          ),
        ]),
      )
    expect(sources(joined.plan)).toEqual(sources(whole))
    expect(joined.plan.patterns).toHaveLength(2)
    expect(joined.plan.alerts).toEqual(whole.alerts)
  }
})

test('a package whose verdicts are asked for cannot be missing', () => {
  const shop = splitByPackage(plan()).get('shop')!
  expect(joinPackages([shop])).toEqual({
    ok: false,
    problems: ['shop/calm needs bank/safe, which is in no package in force'],
  })
})

test.each([null, 7, {}, { version: 1 }, { ...plan(), alerts: [] }, { ...plan(), version: 0 }])(
  '%j is not an intact plan',
  (raw) => {
    expect(isIntact(raw)).toBe(false)
  },
)

test.each([
  ['of an older version', { ...plan(), version: 1 }, 'is a plan of version 1, and this Assay reads version 2'],
  ['of a later one', { ...plan(), version: 3 }, 'is a plan of version 3'],
  ['changed on its way', { ...plan(), alerts: [] }, 'is damaged'],
  ['nothing of the kind', { plan: 1 }, 'is not a plan'],
])('a plan %s is refused for what it is', (_name, raw, why) => {
  expect(whyNotIntact(raw)).toContain(why)
})
