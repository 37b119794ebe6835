/** Retrieved documents in a prompt: numbered by us, each in a block of its own. */
import type { CutText } from './question.ts'
import { windowed } from './window.ts'

export function documentBlocks(
  texts: readonly string[],
  nonce: string,
  maxChars: number,
): { blocks: string[]; cut: CutText[] } {
  return windowed(
    texts.map((text, i) => ({ path: `document ${i + 1}`, text })),
    nonce,
    maxChars,
  )
}

/** Whether a quote stands in one of the texts: letters count, layout and the case do not. */
export function standsIn(quote: string, texts: readonly string[]): boolean {
  const wanted = plain(quote)
  return wanted !== '' && texts.some((text) => plain(text).includes(wanted))
}

function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s"'“”‘’«»…]+/g, ' ')
    .trim()
}
