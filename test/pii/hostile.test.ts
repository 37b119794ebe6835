import { expect, test } from 'vitest'
import { compilePatterns } from '../../engine/regex/patterns.ts'
import { hostileTexts, userPatterns } from './hostile-texts.ts'
import { compilePack } from './pack.ts'

/**
 * The target is 50 ms of CPU for 100 kB, measured by `bench/pii.ts`. A back-tracking blow-up or a quadratic scan takes
 * seconds to hours on these texts, so that a limit which no slow machine reaches still tells.
 */
const LIMIT_MS = 1_000

function cpuMs(run: () => unknown): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const pack = compilePatterns(compilePack().patterns)
const kinds = pack.group([0, 1, 2, 3, 4, 5, 6, 7])

test.each(hostileTexts())('the pack on $name', ({ text }) => {
  expect(cpuMs(() => pack.anyMatch(kinds, text))).toBeLessThan(LIMIT_MS)
  expect(cpuMs(() => pack.find(kinds, text))).toBeLessThan(LIMIT_MS)
})

test.each(userPatterns())('a user pattern $name', ({ plan, text }) => {
  const set = compilePatterns([plan])
  const group = set.group([0])
  expect(cpuMs(() => set.anyMatch(group, text))).toBeLessThan(LIMIT_MS)
  expect(cpuMs(() => set.find(group, text))).toBeLessThan(LIMIT_MS)
})
