/** Puts packages of definitions in force for every role, through the log. */
import { joinPackages, splitByPackage } from '../../dsl/packages.ts'
import type { Plan } from '../../dsl/plan.ts'
import { faultPoint } from '../fault-point.ts'
import type { Log } from '../log/port.ts'
import { EVAL_DEFINITIONS } from '../log/topics.ts'
import type { DefinitionsInForce } from './follow.ts'
import { type DefinitionsCommit, encodePackage, type PublishedPackage } from './published.ts'

export interface Push {
  tenant: string
  plan: Plan
  /** Of git. */
  revision: string | null
  commit?: DefinitionsCommit | null
  pushedAtMs: number
}

export type PublishOutcome =
  | { ok: true; packages: { name: string; revision: string | null; changed: boolean }[] }
  | { ok: false; message: string }

/**
 * Publishes each package of the plan whole, in one append; those that are the same already are left alone. Refuses what would leave
 * a verdict without its eval. Rejects with `LogError`.
 */
export async function publishDefinitions(log: Log, inForce: DefinitionsInForce, push: Push): Promise<PublishOutcome> {
  const before = new Map(inForce.packages.map((one) => [one.package, one]))
  const after = new Map(before)
  const pushed = splitByPackage(push.plan)
  for (const [name, plan] of pushed) {
    const current = { plan, revision: push.revision, commit: push.commit ?? null, pushedAtMs: push.pushedAtMs }
    const was = before.get(name)
    if (was?.current.plan.hash === plan.hash) continue
    after.set(name, { version: 1, tenant: push.tenant, package: name, current, previous: was?.current ?? null })
  }
  return put(log, before, after, [...pushed.keys()])
}

/** Puts the release before the current one in force again. */
export async function rollBackDefinitions(
  log: Log,
  inForce: DefinitionsInForce,
  name: string,
): Promise<PublishOutcome> {
  const before = new Map(inForce.packages.map((one) => [one.package, one]))
  const was = before.get(name)
  if (was === undefined) return { ok: false, message: `there is no package ${name} in force` }
  if (was.previous === null) return { ok: false, message: `package ${name} has no earlier release` }
  const after = new Map(before).set(name, { ...was, current: was.previous, previous: was.current })
  return put(log, before, after, [name])
}

async function put(
  log: Log,
  before: ReadonlyMap<string, PublishedPackage>,
  after: ReadonlyMap<string, PublishedPackage>,
  named: readonly string[],
): Promise<PublishOutcome> {
  const joined = joinPackages([...after.values()].map(({ current }) => current.plan))
  if (!joined.ok) return { ok: false, message: joined.problems.join('; ') }
  const changed = [...after.values()].filter((one) => before.get(one.package) !== one)
  faultPoint('definitions.before-publish')
  await log.append(
    EVAL_DEFINITIONS,
    changed.map((one) => ({ key: `${one.tenant}/${one.package}`, value: encodePackage(one) })),
  )
  faultPoint('definitions.after-publish')
  return {
    ok: true,
    packages: named.map((name) => ({
      name,
      revision: after.get(name)?.current.revision ?? null,
      changed: changed.some((one) => one.package === name),
    })),
  }
}
