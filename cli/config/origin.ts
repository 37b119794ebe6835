/** Where the text of a setting stands, and what it may lean on there. */
import { readFileSync } from 'node:fs'

export type Environment = Readonly<Record<string, string | undefined>>

/** What a secret's reference is looked up in. */
export interface LookUp {
  readonly env: Environment
  /** Throws what the file system throws. */
  readonly readFile: (path: string) => string
}

export interface Origin {
  readonly kind: 'file' | 'variable' | 'flag'
  /** Relative paths begin here: the file's folder, or the working directory. */
  readonly folder: string
  /** Null while only the form is looked at: references are then not followed. */
  readonly lookUp: LookUp | null
}

export const lookUpIn = (env: Environment): LookUp => ({ env, readFile: (path) => readFileSync(path, 'utf8') })
