/** Results as records of `eval-results`: one a batch and eval, so that a hot eval costs a record a batch. */
import { encodeResults } from '../../engine/codec/results.ts'
import type { EvalResult } from '../../engine/model/result.ts'
import type { RecordToAppend } from '../../storage/log/port.ts'

/** More in one record would make it unwieldy to read. */
const MAX_RESULTS_OF_RECORD = 10_000

export function resultRecords(results: readonly EvalResult[]): RecordToAppend[] {
  const groups = new Map<string, EvalResult[]>()
  for (const result of results) {
    const key = `${result.tenant}/${result.evalId}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [result])
    else group.push(result)
  }
  const records: RecordToAppend[] = []
  for (const [key, group] of groups) {
    const { tenant, evalId } = group[0]!
    for (let start = 0; start < group.length; start += MAX_RESULTS_OF_RECORD) {
      const value = encodeResults(
        start === 0 && group.length <= MAX_RESULTS_OF_RECORD
          ? group
          : group.slice(start, start + MAX_RESULTS_OF_RECORD),
      )
      records.push({ key, value, headers: { tenant, eval: evalId } })
    }
  }
  return records
}
