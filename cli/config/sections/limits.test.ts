import { expect, test } from 'vitest'
import { parseUpSettings } from '../../settings.ts'

const limitsOf = (env: Record<string, string>) => {
  const parsed = parseUpSettings({}, env)
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'))
  return parsed.settings.limits
}

const NONE = { spansPerSecond: null, bytesPerSecond: null, spansPerDay: null, bytesPerDay: null, burstSeconds: 10 }

test('nothing is limited unless told', () => {
  expect(limitsOf({})).toEqual({ forAll: NONE, byTenant: new Map() })
})

test('a tenant has the limits of all but those of its own', () => {
  const limits = limitsOf({
    ASSAY_LIMITS_SPANS_PER_SECOND: '100',
    ASSAY_LIMITS_BYTES_PER_DAY: '20GB',
    ASSAY_LIMITS_BURST_SECONDS: '30',
    ASSAY_LIMITS_TENANT_ACME_SPANS_PER_SECOND: '5000',
    ASSAY_LIMITS_TENANT_BIG_ONE_BYTES_PER_DAY: 'unlimited',
  })
  const forAll = { ...NONE, spansPerSecond: 100, bytesPerDay: 20e9, burstSeconds: 30 }
  expect(limits.forAll).toEqual(forAll)
  expect(limits.byTenant).toEqual(
    new Map([
      ['acme', { ...forAll, spansPerSecond: 5_000 }],
      ['big_one', { ...forAll, bytesPerDay: null }],
    ]),
  )
})

test.each([
  [{ ASSAY_LIMITS_SPANS_PER_SECOND: 'many' }, 'must be a whole number from 1 to 1000000000000, or unlimited'],
  [{ ASSAY_LIMITS_BYTES_PER_SECOND: '1' }, 'must be at least 1KB, or unlimited'],
  [{ ASSAY_LIMITS_TENANT__X_SPANS_PER_DAY: '1' }, 'no name of a tenant'],
])('%j is refused', (env, message) => {
  const parsed = parseUpSettings({}, env)
  expect(parsed.ok ? [] : parsed.problems.join('\n')).toContain(message)
})
