import { styleText } from 'node:util'
import { type Paint, renderDiagnostics } from '../dsl/diagnostics/render.ts'
import type { ReadEvals } from './load-evals.ts'

/** Diagnostics as people read them, with files under the names that they were given by; empty when there are none. */
export function diagnosticsText(
  loaded: Pick<ReadEvals, 'diagnostics' | 'sources' | 'shownAs'>,
  stream: NodeJS.WriteStream,
): string {
  const { shownAs } = loaded
  const diagnostics = loaded.diagnostics.map((diagnostic) => ({
    ...diagnostic,
    file: shownAs.get(diagnostic.file) ?? diagnostic.file,
  }))
  const sources = new Map([...loaded.sources].map(([path, text]) => [shownAs.get(path) ?? path, text]))
  return renderDiagnostics(diagnostics, sources, paintFor(stream))
}

/** Colours on a terminal only, and never under NO_COLOR. */
function paintFor(stream: NodeJS.WriteStream): Paint {
  type Style = Parameters<typeof styleText>[0]
  const paint = (style: Style) => (text: string) => styleText(style, text, { stream, validateStream: true })
  return {
    error: paint(['red', 'bold']),
    warning: paint(['yellow', 'bold']),
    place: paint('blue'),
    fix: paint('green'),
    strong: paint('bold'),
  }
}
