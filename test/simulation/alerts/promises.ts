/** What is promised of a day of alerts, and whether it was kept. */
import type { Network, Told } from './network.ts'
import { routes, type World } from './world.ts'

/** Of the route that escalation goes to. */
export const LEAD = 'webhook'

/** Null where all was kept. `isSteady`: no process died and no clock jumped, so that only lost answers excuse anything. */
export function violationOf(
  world: World,
  { told, posts }: Network,
  { extras, interruptions, isSteady, groupIntervalMs }: Day,
): string | null {
  const missed = missedOf(world, told)
  if (missed.length > 0) return `missed: ${missed.join(', ')}`
  const early = told.filter(
    (one, at) => (one.event !== 'firing' && firingOf(told, one) === -1) || firingOf(told, one) > at,
  )
  if (early.length > 0) return `told of before it fired: ${namesOf(early)}`
  const muted = told.filter(({ isMuted, event }) => isMuted && event === 'firing')
  if (muted.length > 0) return `told although it was to be silent: ${namesOf(muted)}`
  if (extras > interruptions) return `${extras} extras of ${interruptions} interruptions`
  if (!isSteady) return null
  const hurried = hurriedOf(told, groupIntervalMs)
  if (hurried.length > 0) return `told alone, and not with its group: ${namesOf(hurried)}`
  const stale = [...posts.values()].filter(
    ({ text, lastReply, isDeleted }) => !isDeleted && lastReply?.startsWith('Resolved') === true && text !== lastReply,
  )
  return stale.length === 0
    ? null
    : `first messages that were not kept up to date: ${stale.map(({ text }) => text).join(', ')}`
}

export interface Day {
  readonly extras: number
  readonly interruptions: number
  readonly isSteady: boolean
  readonly groupIntervalMs: number
}

const namesOf = (told: readonly Told[]): string =>
  told.map(({ route, event, key }) => `${route} ${event} ${key}`).join(', ')

const firingOf = (told: readonly Told[], { route, key }: Told): number =>
  told.findIndex((other) => other.event === 'firing' && other.route === route && other.key === key)

/** What had to be told, and was not. */
function missedOf(world: World, told: readonly Told[]): string[] {
  const isTold = (route: string, event: string, key: string): boolean =>
    told.some((one) => one.route === route && one.event === event && one.key === key)
  const lastOf = (route: string, key: string): string | undefined =>
    told.findLast((one) => one.route === route && one.key === key)?.event
  const isInvestigationTold = (route: string, key: string): boolean =>
    told.some((one) => one.route === route && one.isInvestigated && one.key === key)
  return world.incidents.flatMap(({ key, isOpen, isInvestigated, wasMuted, subject }) =>
    [...routes.map(({ receiver }) => receiver), LEAD].flatMap((route) => {
      const isOwn = route !== LEAD
      // Who is over while it is silent is nobody's news, and who is over in time goes no further.
      const goesOn = isOpen && !world.isMuted(subject)
      const mustFire = isOwn ? goesOn || !wasMuted : goesOn && subject.severity === 'page'
      const hasFired = isTold(route, 'firing', key)
      return [
        ...(mustFire && !hasFired ? [`${route} firing ${key}`] : []),
        ...(isOwn && goesOn && isInvestigated && !isInvestigationTold(route, key)
          ? [`${route} investigated ${key}`]
          : []),
        // The last that is heard of it: what comes after its end opens it again, and nobody ends it.
        ...(!isOpen && hasFired && lastOf(route, key) !== 'resolved' ? [`${route} resolved ${key}`] : []),
      ]
    }),
  )
}

/** Firings of a group sooner after the last than others are to wait for it, where nothing was over that hurried it. */
function hurriedOf(told: readonly Told[], groupIntervalMs: number): Told[] {
  const groups = new Map<string, { atMs: number; firing: Set<string> }>()
  return told.filter(({ route, event, groupKey, key, atMs, isOver }) => {
    if (route !== 'slack') return false
    const group = groups.get(groupKey)
    if (event === 'resolved') {
      group?.firing.delete(key)
      // The group is over, and the next is another.
      if (group?.firing.size === 0) groups.delete(groupKey)
    }
    if (event !== 'firing') return false
    // Of one message, or the same again because its answer was lost.
    const isOfLast = group !== undefined && (group.atMs === atMs || group.firing.has(key))
    groups.set(groupKey, { atMs, firing: new Set([...(group?.firing ?? []), key]) })
    return group !== undefined && !isOfLast && !isOver && atMs - group.atMs < groupIntervalMs
  })
}
