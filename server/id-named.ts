/** What a name means that people give of an eval, an alert or a scorecard: with its package, or alone where one package has it. */
import { nearest } from '../dsl/suggest.ts'

export type Named = { ok: true; id: string } | { ok: false; message: string }

/** `kind`: `eval`, `alert`. `ids`: of all that there are. */
export function idNamed(kind: string, name: string, ids: Iterable<string>): Named {
  const all = [...new Set(ids)]
  if (all.includes(name)) return { ok: true, id: name }
  const found = name.includes('/') ? [] : all.filter((id) => nameIn(id) === name)
  const [only] = found
  if (only !== undefined && found.length === 1) return { ok: true, id: only }
  if (found.length > 1) return { ok: false, message: `which ${name}: ${found.join(' or ')}?` }
  const near = nearestId(name, all)
  const hint = near === null ? '' : `, did you mean \`${near}\`?`
  return { ok: false, message: `there is no ${kind} ${name} in force${hint}` }
}

const nameIn = (id: string): string => id.slice(id.indexOf('/') + 1)

/** A name alone is compared with names alone: the package would make every one of them far off. Null where none is near. */
export function nearestId(name: string, ids: readonly string[]): string | null {
  if (name.includes('/')) return nearest(name, ids)
  const near = nearest(name, ids.map(nameIn))
  return near === null ? nearest(name, ids) : (ids.find((id) => nameIn(id) === near) ?? null)
}
