import { CODES, isCode, severityOf } from '../dsl/diagnostics/codes.ts'
import { nearest } from '../dsl/suggest.ts'
import { exitCodes } from './exit-codes.ts'

/** Prints all diagnostics by their titles. */
export function listCodes(): void {
  const lines = Object.entries(CODES).map(([code, { title }]) => `${code}  ${title}`)
  process.stdout.write(`${lines.toSorted().join('\n')}\n`)
}

/** Prints the long story of a diagnostic, and sets the exit code. */
export function runExplain(text: string): void {
  const code = text.toUpperCase()
  if (!isCode(code)) {
    const codes = Object.keys(CODES)
    const guess = codes.find((known) => known.slice(1) === code.padStart(4, '0')) ?? nearest(code, codes)
    const hint = guess === null ? '`assay explain` lists all; a trace id has 32 hex digits' : `did you mean ${guess}?`
    process.stderr.write(`assay explain: there is no diagnostic ${text}; ${hint}\n`)
    process.exitCode = exitCodes.usage
    return
  }
  const { title, story, example } = CODES[code]
  const indented = example.replace(/^(?=.)/gm, '    ').trimEnd()
  process.stdout.write(
    `${severityOf(code)}[${code}]: ${title}\n\n${story}\n${example === '' ? '' : `\n${severityOf(code) === 'error' ? 'Refused, for example:' : 'Warned of, for example:'}\n\n${indented}\n`}`,
  )
}
