import { expect, test } from 'vitest'
import type { OfflineMethod } from '../../dsl/plan.ts'
import { buildRubric } from './build-plan.ts'
import { scoreBoundsOf } from './score.ts'

const metric = (name: string): OfflineMethod => ({
  kind: 'metric',
  metric: { name, version: 1, args: {} },
  judge: null,
})

test.each<[string, OfflineMethod, ReturnType<typeof scoreBoundsOf>]>([
  ['a rubric', buildRubric(), { low: 1, high: 5 }],
  ['a ratio', metric('faithfulness'), { low: 0, high: 1 }],
  ['a number', metric('bm25'), null],
])('scores of %s', (_, method, bounds) => {
  expect(scoreBoundsOf({ method })).toEqual(bounds)
})
