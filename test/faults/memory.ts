/** What the roles' processes take of the machine's memory, in each of their lives: one that was killed counts too. */
import { readFileSync } from 'node:fs'
import type { Row } from './report.ts'
import { ROLES, type Role } from './schedule.ts'

/** Of each role, in megabytes. The gateway is what there are most of, and it keeps nothing. */
export const MOST_MB: Readonly<Record<Role, number>> = {
  gateway: 256,
  'trans-evaluate': 512,
  'trans-store': 512,
  alerts: 512,
  scheduler: 512,
  worker: 512,
  api: 512,
}

/** Of the megabytes that a process had resident at the most since it started; null when it is gone. */
export function peakMbOf(pid: number | null): number | null {
  if (pid === null) return null
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return peak === undefined ? null : Number(peak) / 1_024
  } catch {
    return null
  }
}

/** A process as far as its memory is looked at. */
export interface Watched {
  readonly name: string
  readonly role: Role
  readonly pid: number | null
  readonly lives: number
}

interface Peak {
  readonly peakMb: number
  /** Which life, and what the run was at. */
  readonly where: string
}

/** To be asked to look often: of a life that is over, the last look counts. */
export class MemoryWatch {
  readonly #peaks = new Map<Role, Peak>()

  look(processes: readonly Watched[], stage: string): void {
    for (const { name, role, pid, lives } of processes) {
      const peakMb = peakMbOf(pid)
      if (peakMb === null || peakMb <= (this.#peaks.get(role)?.peakMb ?? 0)) continue
      this.#peaks.set(role, { peakMb, where: `life ${lives} of ${name}; ${stage}` })
    }
  }

  /** One of each role; of one that was never seen nothing is known, and nothing is kept. */
  rows(): Row[] {
    return ROLES.map((role) => {
      const peak = this.#peaks.get(role)
      const most = MOST_MB[role]
      return {
        what: `memory of ${role} at its peak, of ${most} MB at the most`,
        found: peak === undefined ? 'never seen' : `${peak.peakMb.toFixed(0)} MB (${peak.where})`,
        isKept: peak !== undefined && peak.peakMb <= most,
      }
    })
  }
}
