import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { bracketMatching } from '@codemirror/language'
import { type Diagnostic, linter, lintGutter, lintKeymap } from '@codemirror/lint'
import { type Extension, RangeSetBuilder } from '@codemirror/state'
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  hoverTooltip,
  keymap,
  lineNumbers,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view'
import { useEffect, useRef } from 'react'
import { cspNonce } from '../../parts/csp-nonce.ts'
import { tokensOf } from '../../parts/eval-tokens.ts'
import type { Language } from './language.ts'
import type { StaticCost } from './protocol.ts'

const CHECK_DELAY_MS = 150

export interface Checked {
  readonly errors: number
  readonly costs: readonly StaticCost[]
}

const LEAVES = 'leave-editor'

/** The text, with the language's own diagnostics, completion and hover. Escape and then Tab leave it. */
export function Editor({
  language,
  initial,
  onChange,
}: {
  language: Language
  initial: string
  onChange: (text: string, checked: Checked) => void
}) {
  const frame = useRef<HTMLDivElement>(null)
  const changed = useRef(onChange)
  changed.current = onChange
  useEffect(() => {
    if (frame.current === null) return
    const view = new EditorView({
      parent: frame.current,
      doc: initial,
      extensions: extensionsOf(language, (text, checked) => changed.current(text, checked)),
    })
    return () => view.destroy()
  }, [language, initial])
  return (
    <>
      <div ref={frame} className="editor" />
      <p id={LEAVES} className="faint">
        Tab indents. Escape and then Tab leaves the editor.
      </p>
    </>
  )
}

function extensionsOf(language: Language, onChecked: (text: string, checked: Checked) => void): Extension[] {
  const check = async (view: EditorView): Promise<Diagnostic[]> => {
    const text = view.state.doc.toString()
    const { findings, costs } = await language.ask({ kind: 'check', text })
    onChecked(text, { errors: findings.filter(({ severity }) => severity === 'error').length, costs })
    return findings.map(({ severity, code, message, start, end }) => ({
      from: Math.min(start, text.length),
      to: Math.min(Math.max(end, start), text.length),
      severity,
      source: code,
      message: `${code}: ${message}`,
    }))
  }
  return [
    EditorView.cspNonce.of(cspNonce),
    EditorView.contentAttributes.of({ 'aria-label': 'Evals to try', 'aria-describedby': LEAVES, spellcheck: 'false' }),
    EditorView.lineWrapping,
    lineNumbers(),
    history(),
    drawSelection(),
    highlightActiveLine(),
    bracketMatching(),
    colours,
    lintGutter(),
    linter(check, { delay: CHECK_DELAY_MS }),
    autocompletion({ override: [(context) => complete(language, context)], icons: false }),
    hoverTooltip(async (view, offset) => {
      const { hover } = await language.ask({ kind: 'hover', text: view.state.doc.toString(), offset })
      if (hover === null) return null
      return { pos: hover.start, end: hover.end, create: () => ({ dom: tooltip(hover.text) }) }
    }),
    keymap.of([...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
  ]
}

async function complete(language: Language, context: CompletionContext): Promise<CompletionResult | null> {
  const { pos: offset, state, explicit } = context
  if (!explicit && context.matchBefore(/[\w."/:]+/) === null) return null
  const { suggestions } = await language.ask({ kind: 'complete', text: state.doc.toString(), offset })
  const [first] = suggestions
  if (first === undefined) return null
  return {
    from: first.start,
    to: first.end,
    options: suggestions.map(({ label, detail, doc, text }, index) => ({
      label,
      apply: text,
      boost: -index,
      ...(detail !== '' && { detail }),
      ...(doc !== '' && { info: () => tooltip(doc) }),
    })),
    validFor: /^[\w.]*$/,
  }
}

/** Markdown as text: its marks are few and read well. */
function tooltip(markdown: string): HTMLElement {
  const element = document.createElement('div')
  element.className = 'hover-text'
  element.textContent = markdown.replaceAll(/```\w*\n?|`/g, '').replaceAll('**', '')
  return element
}

const colours = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet
    constructor(view: EditorView) {
      this.decorations = colour(view)
    }
    update(update: ViewUpdate): void {
      if (update.docChanged) this.decorations = colour(update.view)
    }
  },
  { decorations: (plugin) => plugin.decorations },
)

function colour(view: EditorView): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>()
  let at = 0
  for (const { kind, text } of tokensOf(view.state.doc.toString())) {
    if (kind !== null) builder.add(at, at + text.length, Decoration.mark({ class: `token-${kind}` }))
    at += text.length
  }
  return builder.finish()
}
