/** Texts in quotes and text blocks: from how they are written to what they mean. */
const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\' }

/** Of a quoted text, quotes included. An unknown escape stays as written; `badEscape` finds it. */
export function unescapeText(image: string): string {
  const body = image.slice(1, image.endsWith('"') && image.length > 1 ? -1 : undefined)
  if (!body.includes('\\')) return body
  return body.replace(/\\(.)/g, (whole, letter: string) => ESCAPES[letter] ?? whole)
}

/** Offset, from the start of the image, of the first escape that means nothing; -1 when all are known. */
export function badEscape(image: string): number {
  for (const match of image.matchAll(/\\(.)/g)) if (ESCAPES[match[1] as string] === undefined) return match.index
  return -1
}

/** A `"""` block: without the quotes, the line breaks beside them, and the indentation that all its lines share. */
export function blockText(image: string): string {
  const body = image.slice(3, -3).replaceAll('\r\n', '\n')
  const lines = body.split('\n')
  if (lines.length > 1 && lines[0]?.trim() === '') lines.shift()
  if (lines.length > 0 && lines.at(-1)?.trim() === '') lines.pop()
  let indent = Number.MAX_SAFE_INTEGER
  for (const line of lines) if (line.trim() !== '') indent = Math.min(indent, line.length - line.trimStart().length)
  return lines.map((line) => line.slice(Math.min(indent, line.length)).trimEnd()).join('\n')
}
