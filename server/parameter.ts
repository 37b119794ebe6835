import { z } from 'zod'

const SHOWN_CHARS = 40

/** A parameter's parser; where it gives null, the error says what came and what may. */
export function parameter<T>(allowed: string, parse: (text: string) => T | null) {
  return z.string().transform((text, context): T => {
    const value = parse(text)
    if (value !== null) return value
    const shown = text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text
    context.addIssue({ code: 'custom', message: `${JSON.stringify(shown)} is not ${allowed}` })
    return z.NEVER
  })
}
