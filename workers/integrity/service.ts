/** Checks that are asked for and those of every day: one at a time, and each kept. */
import { findingsOf, type VerifyReport } from '../../engine/integrity/report.ts'
import type { Log } from '../../storage/log/port.ts'
import type { TracesIntegrity } from '../../storage/traces/integrity.ts'
import type { IntegrityChecks } from '../../storage/traces/integrity-checks.ts'
import { verify } from './verify.ts'

const DAY_MS = 24 * 3_600_000

export interface IntegrityParts {
  readonly log: Log
  readonly store: TracesIntegrity
  readonly checks: IntegrityChecks
  readonly nowMs: () => number
  /** Tells the operator of a day with findings; told again after a crash, by the same day. */
  readonly notify: (day: string, findings: readonly string[]) => Promise<void>
}

export class IntegrityService {
  readonly #parts: IntegrityParts
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: IntegrityParts) {
    this.#parts = parts
  }

  check(options: { fromMs: number; toMs: number; isDeep: boolean }): Promise<VerifyReport> {
    const { log, store, checks, nowMs } = this.#parts
    const next = this.#turn
      .catch(() => {})
      .then(async () => {
        const report = await verify({ ...options, log, store, nowMs })
        await checks.keep(report)
        return report
      })
    this.#turn = next
    return next
  }

  kept(limit: number): Promise<VerifyReport[]> {
    return this.#parts.checks.latest(limit)
  }

  /** The check of a day, unless it was made; `day` as `2026-11-21`. */
  async checkDay(day: string): Promise<void> {
    const fromMs = Date.parse(`${day}T00:00:00Z`)
    const toMs = fromMs + DAY_MS
    const to = new Date(toMs).toISOString()
    const kept = (await this.kept(7)).find((check) => check.to === to && Date.parse(check.from) === fromMs)
    // Made before the day was over, it is to be made again.
    const isDone = kept !== undefined && Date.parse(kept.checkedAt) >= toMs
    const report = isDone ? kept : await this.check({ fromMs, toMs, isDeep: false })
    const findings = findingsOf(report)
    if (findings.length > 0) await this.#parts.notify(day, findings)
  }

  async settled(): Promise<void> {
    await this.#turn.catch(() => {})
  }
}
