/**
 * How what is past its retention goes (docs/decisions/0015). A changed retention is worked out for the parts that there are without
 * writing them again, and a month's rows that expire one after the other are taken out once a day, not every four hours.
 */
import type { Migration } from '../migrations.ts'

const SETTINGS = 'MODIFY SETTING merge_with_ttl_timeout = 86400, materialize_ttl_recalculate_only = 1'

export const ttlMerges: Migration = {
  version: 2,
  name: 'merges that take out what is past its retention',
  statements: [
    { alter: 'spans', action: SETTINGS },
    { alter: 'results', action: SETTINGS },
  ],
}
