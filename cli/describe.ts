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
  const scorecards = plan.scorecards.length === 0 ? '' : `, ${plural(plan.scorecards.length, 'scorecard')}`
  return `${online} online, ${offline} offline, ${plural(plan.alerts.length, 'alert')}${scorecards}`
}

/** Which files are in force, and what each declares. */
export function describeDefinitions(plan: Plan): string {
  const lines = plan.files.map((file) => {
    const names = [...plan.evals, ...plan.alerts, ...plan.scorecards]
      .filter((item) => item.file === file)
      .map((item) => item.id)
    const isTested = plan.tests.some((test) => test.file === file)
    const others = isTested ? 'tests alone' : 'imported'
    return `             ${shortPath(file)}: ${names.length === 0 ? others : names.join(', ')}`
  })
  return [`Evals      ${plural(plan.files.length, 'file')} in force: ${summaryOf(plan)}`, ...lines].join('\n')
}

/** While it listens on loopback, and no keys are asked for. */
export const OPEN_ACCESS = 'Access     open, as tenant default, to this machine alone: no key is asked for'

/** What to do for a key. Without a first one nothing can be asked of what runs, `assay keys create` included. */
export function describeAccess(hasKeys: boolean, dataFolder: string): string {
  return hasKeys
    ? 'Access     by keys: assay keys create makes one'
    : `Access     by keys, and there is none yet: stop this, then assay keys create --role admin --data ${shortPath(dataFolder)}`
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
