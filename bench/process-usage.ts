/** CPU and memory of another process, from Linux's /proc (proc(5)). */
import { readFileSync } from 'node:fs'

/** USER_HZ is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

export interface ProcessUsage {
  cpuSeconds: number
  peakRssBytes: number
}

/** User plus system time of all threads, and the resident set's high-water mark. Null where there is no /proc. */
export function processUsage(pid: number): ProcessUsage | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the command in parentheses and may hold blanks: count from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    const peakKb = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return { cpuSeconds: ticks / ticksPerSecond, peakRssBytes: Number(peakKb ?? 0) * 1024 }
  } catch {
    return null
  }
}
