/**
 * The engine in process does not notice when the disk fills up in the middle of an insert: it answers that all is well, remembers
 * the token, and leaves a part of empty files, which every later query of the table stumbles over and which the next start puts
 * aside (seen with ClickHouse 26.7 in chdb 3.4; `fsync_after_insert` changes nothing). So where space is scarce, the parts that
 * were just written are read again before the insert counts.
 */
import type { ClickHouseClient } from '@clickhouse/client'

/** An insert that was answered but is not there. Trying again, with the same token too, is right. */
export class BrokenPartError extends Error {
  override readonly name = 'BrokenPartError'
}

interface Part {
  name: string
}

interface PartCheck {
  is_passed: 0 | 1 | boolean
}

/**
 * Checks the unmerged parts of `database.table` written at or after `sinceMs` of this machine's clock. Broken ones are dropped,
 * with their tokens, and `BrokenPartError` is thrown.
 */
export async function verifyNewParts(client: ClickHouseClient, table: string, sinceMs: number): Promise<void> {
  const [database = '', name = ''] = table.split('.')
  const listed = await client.query({
    query: `SELECT name FROM system.parts WHERE database = {database:String} AND table = {name:String}
AND active AND min_block_number = max_block_number AND modification_time >= toDateTime({since:UInt32})`,
    // Times of files have whole seconds here.
    query_params: { database, name, since: Math.floor(sinceMs / 1000) - 1 },
    format: 'JSONEachRow',
  })
  let brokenCount = 0
  for (const part of await listed.json<Part>()) {
    // Names of parts are digits and underscores, and `CHECK` takes no parameters.
    const checked = await client.query({
      query: `CHECK TABLE ${table} PART '${part.name}' SETTINGS check_query_single_value_result = 0`,
      format: 'JSONEachRow',
    })
    const isWhole = (await checked.json<PartCheck>()).every((row) => Boolean(row.is_passed))
    if (isWhole) continue
    brokenCount++
    await client.command({ query: `ALTER TABLE ${table} DROP PART '${part.name}'` })
  }
  if (brokenCount > 0) throw new BrokenPartError(`the disk filled up while a batch was written to ${table}`)
}
