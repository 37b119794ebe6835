/** The schema's versions, each a list of statements in a form that one server and a cluster are both written from. */
import { createHash } from 'node:crypto'
import { type Layout, type Statement, statementsOf } from './layout.ts'
import { spansAndResults } from './migrations/0001-spans-and-results.ts'
import { ttlMerges } from './migrations/0002-ttl-merges.ts'
import { integrity } from './migrations/0003-integrity.ts'
import { integrityAtScale } from './migrations/0004-integrity-at-scale.ts'
import { messages } from './migrations/0005-messages.ts'
import { spanSizes } from './migrations/0006-span-sizes.ts'
import { drawnFor } from './migrations/0007-drawn-for.ts'
import { cheaperMerges } from './migrations/0008-cheaper-merges.ts'

/** Every statement may run again, and in several processes at once: a process may end between a statement and its record. */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly statements: readonly Statement[]
}

/** In order. A released migration never changes: what comes later is a new one. */
export const MIGRATIONS: readonly Migration[] = [
  spansAndResults,
  ttlMerges,
  integrity,
  integrityAtScale,
  messages,
  spanSizes,
  drawnFor,
  cheaperMerges,
]

/** Where `checksumOf` has the database's name. */
const ANY_DATABASE: Layout = { database: '{database}', cluster: null, storagePolicy: null }

/** Of what a migration says for one server, so that it is the same wherever it was applied. */
export function checksumOf({ statements }: Migration): string {
  const text = statements.flatMap((statement) => statementsOf(statement, ANY_DATABASE)).join('\0')
  return createHash('sha256').update(text).digest('hex')
}
