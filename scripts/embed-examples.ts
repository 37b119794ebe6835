/**
 * Pages that show whole files of `examples/`: a link to the file on a line of its own, with an `eval` block below. The file is the
 * one source: the block is written from it.
 */
const SHOWN = /^\[`?(examples\/[\w./-]+\.eval)`?\]\([^)\n]*\)\n\n```eval\n(?:(?!```).*\n)*```$/gm

/** The page with each such block as its file is now; `read` takes a path from the root of the repository. */
export function withExamples(markdown: string, read: (path: string) => string): string {
  return markdown.replaceAll(SHOWN, (whole, path: string) => {
    const [link = ''] = whole.split('\n', 1)
    return `${link}\n\n\`\`\`eval\n${read(path)}\`\`\``
  })
}

/** The files that a page shows, in its order. */
export function examplesOn(markdown: string): string[] {
  return [...markdown.matchAll(SHOWN)].map((match) => match[1]!)
}
