/** What is said of the name of an eval that its file does not have. */
import type { Fix } from './diagnostics/diagnostic.ts'
import { renaming } from './machine-fix.ts'
import { type EvalDecl, type Module, originOf, type RuleDecl } from './module.ts'
import { isSubject } from './schema.ts'
import type { Span } from './source.ts'
import { didYouMean } from './suggest.ts'

/** Evals that may be named in `module`, those behind imports with their alias; of alerts and scorecards nothing is asked by name. */
export function evalNamesIn(module: Module, isMeant: (decl: EvalDecl) => boolean = () => true): string[] {
  const fits = ([, decl]: readonly [string, RuleDecl]): boolean => decl.kind === 'eval' && isMeant(decl)
  const names = [...module.names.rules].filter(fits).map(([name]) => name)
  for (const [alias, link] of module.imports)
    for (const entry of link.module?.names.rules ?? []) if (fits(entry)) names.push(`${alias}.${entry[0]}`)
  return names
}

/**
 * `guess` ends the message. What another file of the package beside this one declares is missing an import, and is no misspelling of
 * something that is here.
 */
export function unknownName(
  { module, name, span, spaces }: { module: Module; name: string; span: Span; spaces: readonly ('rules' | 'scopes')[] },
  candidates: readonly string[],
): { guess: string; details: { notes?: string[]; fix?: Fix } } {
  const home = siblingWith(module, name, spaces)
  if (home === null) return { guess: didYouMean(name, candidates), details: renaming(span, name, candidates) }
  const [alias, isImported] = aliasOf(home, module)
  const file = fileOf(home)
  const how = isImported ? '' : `import it by \`import ${alias} from "./${file}"\` and `
  return { guess: ' in this file', details: { notes: [`\`${name}\` is in ${file}: ${how}write \`${alias}.${name}\``] } }
}

function siblingWith(module: Module, name: string, spaces: readonly ('rules' | 'scopes')[]): Module | null {
  const self = originOf(module)
  for (const other of self.readTogether.values()) {
    if (other === self || other.packageName !== self.packageName || folderOf(other) !== folderOf(self)) continue
    const declares = spaces.some((space) => {
      const decl = other.names[space].get(name)
      return decl?.kind === 'eval' || decl?.kind === 'scope'
    })
    // Files cannot import each other in a circle.
    if (declares && ![...other.imports.values()].some((link) => link.module === self)) return other
  }
  return null
}

/** Under which it is imported, or may be. */
function aliasOf(home: Module, module: Module): [alias: string, isImported: boolean] {
  for (const [alias, link] of module.imports) if (link.module === home) return [alias, true]
  const stem = fileOf(home)
    .replace(/\.eval$/, '')
    .replace(/[^A-Za-z0-9_]+/g, '_')
  const isFree = /^[A-Za-z_]/.test(stem) && !isSubject(stem) && !module.imports.has(stem)
  return [isFree ? stem : `from_${stem}`, false]
}

const nameStart = ({ path }: Module): number => Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1
const folderOf = (module: Module): string => module.path.slice(0, nameStart(module))
const fileOf = (module: Module): string => module.path.slice(nameStart(module))
