/** `given like "…" { … }`: one fixture laid over another. */
import type { FixtureSpan, FixtureTrace } from './plan.ts'

/**
 * `changes` laid over `base`: fields one by one; spans over the counterparts that `counterparts` finds them, or added at the end;
 * kinds that the changes leave out first.
 */
export function mergeFixtures(base: FixtureTrace, changes: FixtureTrace): FixtureTrace {
  const { without = [] } = changes
  const kept = base.spans.filter(({ subject }) => !without.includes(subject))
  const spans = [...kept]
  const places = counterparts(
    kept.map((span) => ({ subject: span.subject, name: nameOf(span) })),
    changes.spans,
  )
  for (const [i, change] of changes.spans.entries()) {
    const place = places[i] ?? null
    const counterpart = place === null ? undefined : kept[place]
    if (place === null || counterpart === undefined) spans.push(change)
    else spans[place] = { subject: change.subject, fields: { ...counterpart.fields, ...change.fields } }
  }
  return { fields: { ...base.fields, ...changes.fields }, spans }
}

/**
 * For each changed span the index of the one that it changes, or null where it is one more. A change that names a span (`name:`)
 * is of the first of that kind and name; the others are, in order, of those of their kind that are left.
 */
export function counterparts(
  base: readonly { subject: FixtureSpan['subject']; name: string | undefined }[],
  changes: readonly FixtureSpan[],
): (number | null)[] {
  const taken = new Set<number>()
  const take = (fits: (span: (typeof base)[number]) => boolean): number | null => {
    const index = base.findIndex((span, at) => !taken.has(at) && fits(span))
    if (index < 0) return null
    taken.add(index)
    return index
  }
  const found = changes.map((change) => {
    const name = nameOf(change)
    return name === undefined ? null : take((span) => span.subject === change.subject && span.name === name)
  })
  return changes.map((change, i) => found[i] ?? take((span) => span.subject === change.subject))
}

function nameOf({ fields: { name } }: FixtureSpan): string | undefined {
  return name?.kind === 'value' ? String(name.value) : undefined
}
