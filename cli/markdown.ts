/** Comments on pull requests: what stands in them comes from files and traces, and must not become markup. */

/** Hosts refuse comments of more than 65,536 characters. */
const MAX_LENGTH = 60_000

/** As many sections as a comment holds, and a word about the rest. */
export function fitting(head: string, sections: readonly string[]): string {
  let text = head
  for (const section of sections) {
    if (text.length + section.length > MAX_LENGTH)
      return `${text}\nThe rest is too long for a comment: without \`--markdown\` it is shown whole.\n`
    text += section
  }
  return text
}

export function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``
}

/** Neither markup nor a mention of anyone. */
export function escaped(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|#]/g, '\\$&').replaceAll('@', '@\u200b')
}
