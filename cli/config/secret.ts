/** Secrets by reference: the file names where one lies, and never holds it. */
import { resolve } from 'node:path'
import { inspect } from 'node:util'
import { z } from 'zod'
import { reasonOf } from '../reason-of.ts'
import type { Origin } from './origin.ts'
import type { Kind } from './setting.ts'

const MASK = '***'

/** A text that shows as `***` wherever it is printed, logged or turned into JSON; `reveal` alone gives it away. */
export class Secret {
  /** Null for a reference that was not followed: this process has no use for it. */
  readonly #text: string | null
  readonly #shown: string

  constructor(text: string | null, shown = MASK) {
    this.#text = text
    this.#shown = shown
  }

  reveal(): string {
    if (this.#text === null) throw new Error(`${this.#shown} is asked for by a role that did not say it needs it`)
    return this.#text
  }

  toString(): string {
    return this.#shown
  }

  toJSON(): string {
    return this.#shown
  }

  [inspect.custom](): string {
    return this.#shown
  }
}

/** `env:NAME` or `file:/path`. */
export function isReference(written: unknown): written is string {
  return typeof written === 'string' && /^(env|file):/.test(written)
}

type Followed = { ok: true; text: string } | { ok: false; message: string }

function follow(reference: string, { folder, lookUp }: Origin): Followed | null {
  const rest = reference.slice(reference.indexOf(':') + 1)
  if (rest === '') return { ok: false, message: 'names nothing: write env:NAME or file:/path' }
  if (lookUp === null) return null
  if (reference.startsWith('env:')) {
    const text = lookUp.env[rest]
    if (text === undefined || text === '') return { ok: false, message: `names the variable ${rest}, which is not set` }
    return { ok: true, text }
  }
  const path = resolve(folder, rest)
  try {
    // Whoever writes a file with an editor ends it with a line feed.
    const text = lookUp.readFile(path).trimEnd()
    return text === '' ? { ok: false, message: `names the file ${path}, which is empty` } : { ok: true, text }
  } catch (error) {
    return { ok: false, message: `names the file ${path}, which cannot be read: ${reasonOf(error)}` }
  }
}

interface Guarded {
  readonly takes: string
  /** What is wrong with the text, to go on after the setting's name and without the text itself; null when it is right. */
  readonly wrong?: (text: string) => string | null
  /** Whether a text may stand in the file as it is. */
  readonly isOpen?: (text: string) => boolean
  /** What may be shown of it. */
  readonly shown?: (text: string) => string
}

function guarded({ takes, wrong, isOpen, shown }: Guarded): Kind<Secret> {
  const inFile = isOpen === undefined ? z.string().meta({ pattern: '^(env|file):.' }) : z.string()
  const schema = (origin: Origin) =>
    (origin.kind === 'file' ? inFile : z.string()).transform((given, context): Secret => {
      const refuse = (message: string): never => {
        context.addIssue({ code: 'custom', message })
        return z.NEVER
      }
      let text = given
      if (isReference(given)) {
        const followed = follow(given, origin)
        if (followed === null) return new Secret(null, given)
        if (!followed.ok) return refuse(followed.message)
        text = followed.text
      } else if (origin.kind === 'file' && isOpen?.(given) !== true) {
        return refuse('is a secret, and is not written into the file: name where it lies, as env:NAME or file:/path')
      }
      const message = text === '' ? 'must not be empty' : (wrong?.(text) ?? null)
      return message === null ? new Secret(text, shown?.(text)) : refuse(message)
    })
  return { takes, schema, isSecret: true }
}

/** A password or a key. */
export const secretText: Kind<Secret> = guarded({ takes: 'a secret: `env:NAME` or `file:/path`' })

/** A key that stands between somebody and a guess. */
export const longSecret = (minLength: number): Kind<Secret> =>
  guarded({
    takes: `a secret of ${minLength} characters at least: \`env:NAME\` or \`file:/path\``,
    wrong: (text) => (text.length >= minLength ? null : `must have ${minLength} characters at least`),
  })

/** An address whose path is the secret, such as a webhook's. */
export const secretHttpUrl: Kind<Secret> = guarded({
  takes: 'an address that is a secret: `env:NAME` or `file:/path`',
  wrong: (text) => (/^https?:$/.test(URL.parse(text)?.protocol ?? '') ? null : 'must be an http or https address'),
})

/** An address that may have a user and a password in it; with a password it is a secret. */
export function engineUrl(example: string, wrong: (text: string) => string | null): Kind<Secret> {
  return guarded({
    takes: `\`${example}\`; with a password in it \`env:NAME\` or \`file:/path\``,
    wrong,
    isOpen: (text) => !hasPassword(text),
    shown: withoutPassword,
  })
}

/** Of several hosts too, which no URL has. */
const CREDENTIALS = /^([a-z][a-z+.-]*:\/\/)([^@/?#]*)@/i

const hasPassword = (url: string): boolean => CREDENTIALS.exec(url)?.[2]?.includes(':') ?? false

export function withoutPassword(url: string): string {
  return url.replace(CREDENTIALS, (_, scheme: string, user: string) => `${scheme}${user.replace(/:.*$/s, `:${MASK}`)}@`)
}

/** PEM texts are long and live in files of their own. */
export const pem = (what: string): Kind<Secret> =>
  guarded({
    takes: `${what} in PEM: \`file:/path\` or \`env:NAME\``,
    wrong: (text) => (/-----BEGIN [A-Z ]+-----/.test(text) ? null : `must be ${what} in PEM`),
  })
