import { expect, test } from 'vitest'
import { compileText, planOf } from '../dsl/testing.ts'
import { describeAccess, describeDefinitions } from './describe.ts'

test('what compiles and is not run is named, so that nobody waits for it', () => {
  const plan = planOf(`package shop
online eval fast {
  on:   trace
  pass: duration <= 8s
}
alert often {
  on:       fast
  when:     count(fail) >= 3 over 10m
  severity: page
}
alert slow {
  on:       trace
  when:     p95(duration) > 8s over 15m
  severity: page
}
scorecard weekly {
  every: monday in "UTC"
  over:  7d
  row:   pass_rate(fast) by agent.version
}
`)
  expect(describeDefinitions(plan)).toBe(`Evals      1 file in force: 1 online, 0 offline, 2 alerts, 1 scorecard
             shop.eval: shop/fast, shop/often, shop/slow, shop/weekly`)
})

test('a file that only tests is told from one that is only imported', () => {
  const { plan } = compileText(
    'package tests\nimport s from "./s.eval"\ntest "x" {\n  given trace { duration: 1s }\n  expect s.fast: pass\n}\n',
    {
      's.eval': 'package shop\nonline eval fast { on: trace  pass: duration <= 8s }\n',
    },
  )
  expect(plan && describeDefinitions(plan)).toContain('shop.eval: tests alone')
})

test('where keys are asked for and there is none, it says how the first one is made', () => {
  expect(describeAccess(true, '/srv/assay')).toBe('Access     by keys: assay keys create makes one')
  expect(describeAccess(false, '/srv/assay')).toContain('assay keys create --role admin --data /srv/assay')
})
