/** CPU of each thread of a process, from Linux's /proc (proc(5)); for finding where time goes. */
import { readdirSync, readFileSync } from 'node:fs'

/** Seconds of user plus system time, by name, threads of one name together. Empty where there is no /proc. */
export function threadCpuSeconds(pid: number): Map<string, number> {
  const found = new Map<string, number>()
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      found.set(name, (found.get(name) ?? 0) + (Number(fields[11]) + Number(fields[12])) / 100)
    }
  } catch {
    return found
  }
  return found
}
