/** Notices model calls in conventions that are not read yet, so that they do not pass in silence as spans of no kind. */

/** Of GenAI spans that name neither an operation nor a model, and of conventions of model calls that nobody reads. */
const PREFIXES = ['gen_ai.request.', 'gen_ai.response.', 'gen_ai.usage.', 'gen_ai.system', 'llm.', 'ai.']
/** Scopes are named by clients: they may be many, and long, and hold anything. */
const MAX_SCOPES = 5
const MAX_NAME = 60

export class UnreadConventions {
  readonly #scopes = new Set<string>()
  readonly #onScope: (line: string) => void
  #spans = 0

  /** `onScope` gets a line for each of the first five scopes, once. */
  constructor(onScope: (line: string) => void) {
    this.#onScope = onScope
  }

  /** Spans that were noticed. */
  get spans(): number {
    return this.#spans
  }

  /** Looks at the attribute keys of a span that follows no known convention. */
  look(keys: readonly string[], scopeName: string): void {
    if (!keys.some((key) => PREFIXES.some((prefix) => key.startsWith(prefix)))) return
    this.#spans++
    if (this.#scopes.size >= MAX_SCOPES || this.#scopes.has(scopeName)) return
    this.#scopes.add(scopeName)
    this.#onScope(
      `some spans of scope ${shown(scopeName)} follow no convention that Assay reads yet: their texts and models are not looked at`,
    )
  }
}

function shown(name: string): string {
  const printable = name.slice(0, MAX_NAME).replace(/[^\x20-\x7e]/g, '?')
  return printable === '' ? '(unnamed)' : printable
}
