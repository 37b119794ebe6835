/** Lines that `assay up` prints about its definitions. */
import { relative } from 'node:path'
import type { Plan } from '../dsl/plan.ts'
import type { Reload } from './definitions.ts'
import { diagnosticsText } from './diagnostics-text.ts'
import type { LoadedEvals } from './load-evals.ts'

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/** A path as a person at this terminal would write it. */
export function shortPath(path: string): string {
  if (!path.startsWith('/')) return path
  const fromHere = relative(process.cwd(), path)
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere
}

function summaryOf(plan: Plan): string {
  const online = plan.evals.filter((item) => item.kind === 'online').length
  const offline = plan.evals.length - online
  return `${online} online, ${offline} offline, ${plural(plan.alerts.length, 'alert')}`
}

/** Which files are in force, and what each declares. */
export function describeDefinitions(plan: Plan): string {
  const lines = plan.files.map((file) => {
    const names = [...plan.evals, ...plan.alerts].filter((item) => item.file === file).map((item) => item.id)
    return `             ${shortPath(file)}: ${names.length === 0 ? 'imported' : names.join(', ')}`
  })
  return [`Evals      ${plural(plan.files.length, 'file')} in force: ${summaryOf(plan)}`, ...lines].join('\n')
}

/** Why the files were not taken. */
export function describeRefusal(loaded: LoadedEvals): string {
  return diagnosticsText(loaded, process.stderr)
}

export function describeReload(reload: Exclude<Reload, { kind: 'unchanged' }>): string {
  if (reload.kind === 'refused') {
    return `${describeRefusal(reload.loaded)}\nThe .eval files have changed and do not check; the version before stays in force.`
  }
  return `The .eval files have changed; now in force:\n${describeDefinitions(reload.inForce.plan)}`
}
