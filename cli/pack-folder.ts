import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The standard packs lie beside this program. */
export const packFolder = fileURLToPath(new URL('../evals', import.meta.url))

/** In force where nobody says which evals are: those that need neither a judge nor a choice of limits. */
export const defaultPacks: readonly string[] = ['assay:latency', 'assay:pii'].map(pathOfEvals)

/** `assay:rag` is the file of that pack; whatever else stands for itself. */
export function pathOfEvals(path: string): string {
  const name = /^assay:([\w-]+)$/.exec(path)?.[1]
  return name === undefined ? path : join(packFolder, `${name}.eval`)
}
