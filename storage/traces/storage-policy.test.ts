import { expect, test } from 'vitest'
import { DEFAULT_RETENTION } from './retention.ts'
import { chooseStoragePolicy, StoragePolicyError } from './storage-policy.ts'

const volumes = (policies: Record<string, string[]>) =>
  Object.entries(policies).flatMap(([policy_name, names]) => names.map((volume_name) => ({ policy_name, volume_name })))
const plain = { default: ['default'] }
const tiered = { ...plain, tiered: ['default', 'cold'] }

test.each([
  ['no policy but the default', plain, {}, null, null],
  ['the one with a cold volume', tiered, {}, 'default', 'tiered'],
  ['the one with a cold volume, for new tables', { ...plain, s3: ['hot', 'cold'] }, {}, null, 's3'],
  ['tables that cannot go there stay', { ...plain, s3: ['hot', 'cold'] }, {}, 'default', null],
  [
    'the cold volume by another name',
    { ...plain, x: ['default', 'archive'] },
    { coldVolume: 'archive' },
    'default',
    'x',
  ],
  ['of several the one that the tables are on', { ...tiered, other: ['default', 'cold'] }, {}, 'other', 'other'],
  [
    'of several the named one',
    { ...tiered, other: ['default', 'cold'] },
    { storagePolicy: 'other' },
    'tiered',
    'other',
  ],
  ['a default policy with a cold volume', { default: ['default', 'cold'] }, {}, 'default', 'default'],
])('%s', (_what, policies, settings, current, chosen) => {
  expect(chooseStoragePolicy(volumes(policies), { ...DEFAULT_RETENTION, ...settings }, current)).toBe(chosen)
})

test.each([
  ['s3', tiered, 'the ClickHouse server has no storage policy s3: it has default, tiered'],
  ['default', tiered, 'the storage policy default of the ClickHouse server has no volume cold: it has default'],
  [
    's3',
    { ...plain, s3: ['hot', 'cold'] },
    'cannot go from the storage policy default to s3: it has to have all volumes of theirs, and lacks default',
  ],
  [
    null,
    { ...tiered, other: ['default', 'cold'] },
    'several storage policies of the ClickHouse server have a volume cold: tiered, other; say which by',
  ],
])('refused: %s', (storagePolicy, policies, message) => {
  const choose = () => chooseStoragePolicy(volumes(policies), { ...DEFAULT_RETENTION, storagePolicy }, 'default')
  expect(choose).toThrow(StoragePolicyError)
  expect(choose).toThrow(message)
})
