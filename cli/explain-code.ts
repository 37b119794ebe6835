import { CODES, isCode, severityOf } from '../dsl/diagnostics/codes.ts'
import { nearest } from '../dsl/suggest.ts'
import { exitCodes } from './exit-codes.ts'

/** Prints the long story of a diagnostic, and sets the exit code. */
export function runExplain(text: string): void {
  const code = text.toUpperCase()
  if (!isCode(code)) {
    const guess = nearest(code, Object.keys(CODES))
    process.stderr.write(`there is no diagnostic ${text}${guess === null ? '' : `; did you mean ${guess}?`}\n`)
    process.exitCode = exitCodes.usage
    return
  }
  const { title, story, example } = CODES[code]
  const indented = example.replace(/^(?=.)/gm, '    ').trimEnd()
  process.stdout.write(
    `${severityOf(code)}[${code}]: ${title}\n\n${story}\n${example === '' ? '' : `\nExample:\n\n${indented}\n`}`,
  )
}
