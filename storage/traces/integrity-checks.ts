/** What checks of the store against the log found, kept beside the data: every process that shows it reads the same. */
import type { ClickHouseClient } from '@clickhouse/client'
import { type VerifyReport, verifyReportSchema } from '../../engine/integrity/report.ts'

export class IntegrityChecks {
  readonly #client: ClickHouseClient
  readonly #table: string

  constructor(client: ClickHouseClient, database: string) {
    this.#client = client
    this.#table = `${database}.integrity_checks`
  }

  async keep(report: VerifyReport): Promise<void> {
    const time = (name: string): string => `parseDateTime64BestEffort({${name}:String}, 3, 'UTC')`
    await this.#client.command({
      query: `INSERT INTO ${this.#table} (from_time, to_time, checked_at, report)
SELECT ${time('from')}, ${time('to')}, ${time('checkedAt')}, {report:String}`,
      query_params: {
        from: report.from,
        to: report.to,
        checkedAt: report.checkedAt,
        report: JSON.stringify(report),
      },
    })
  }

  /** The latest of each period, newest period first. A report of a form that this version does not know is left out. */
  async latest(limit: number): Promise<VerifyReport[]> {
    const answer = await this.#client.query({
      query: `SELECT report FROM ${this.#table} ORDER BY to_time DESC, checked_at DESC LIMIT 1 BY from_time, to_time LIMIT {limit:UInt32}`,
      query_params: { limit },
      format: 'JSONEachRow',
    })
    return (await answer.json<{ report: string }>()).flatMap(({ report }) => {
      const parsed = verifyReportSchema.safeParse(JSON.parse(report))
      return parsed.success ? [parsed.data] : []
    })
  }
}
