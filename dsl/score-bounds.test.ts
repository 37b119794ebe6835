import { expect, test } from 'vitest'
import type { OfflineMethod } from './plan.ts'
import { scoreBoundsOf } from './score-bounds.ts'

const judge = { models: ['openai/gpt-5-mini'], fallbacks: [], take: null }
const rubric: OfflineMethod = { kind: 'rubric', judge, show: [], scale: { low: 1, high: 5 }, rubric: '5 good, 1 bad' }
const metric = (name: string): OfflineMethod => ({
  kind: 'metric',
  metric: { name, version: 1, args: {} },
  judge: null,
})

test.each<[string, OfflineMethod, ReturnType<typeof scoreBoundsOf>]>([
  ['a rubric', rubric, { low: 1, high: 5 }],
  ['a ratio', metric('faithfulness'), { low: 0, high: 1 }],
  ['a number', metric('bm25'), null],
])('scores of %s', (_, method, bounds) => {
  expect(scoreBoundsOf(method)).toEqual(bounds)
})
