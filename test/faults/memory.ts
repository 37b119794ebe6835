/** What processes take of the machine's memory. */
import { readFileSync } from 'node:fs'

/** Resident now, and at the most since it started; null when it is gone. In megabytes. */
export function memoryOf(pid: number | null): { nowMb: number; peakMb: number } | null {
  if (pid === null) return null
  let status: string
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return null
  }
  const megabytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) / 1_024
  return { nowMb: megabytes('VmRSS'), peakMb: megabytes('VmHWM') }
}
