/** The TextMate grammar, run by the libraries with which editors run it. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { IGrammar } from 'vscode-textmate'

// Both are CommonJS bundles whose names Node cannot see from outside.
const require = createRequire(import.meta.url)
const textmate = require('vscode-textmate') as typeof import('vscode-textmate')
const oniguruma = require('vscode-oniguruma') as typeof import('vscode-oniguruma')

export const extensionFolder = join(dirname(dirname(import.meta.dirname)), 'editors', 'vscode')
const grammarFile = join(extensionFolder, 'syntaxes', 'eval.tmLanguage.json')

export interface ScopedToken {
  readonly text: string
  /** Where it begins in its line. */
  readonly start: number
  /** From the widest to the narrowest, without `source.eval`. */
  readonly scopes: readonly string[]
}

export async function loadGrammar(): Promise<IGrammar> {
  const wasm = readFileSync(join(dirname(require.resolve('vscode-oniguruma')), 'onig.wasm'))
  await oniguruma.loadWASM(new Uint8Array(wasm).buffer)
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(readFileSync(grammarFile, 'utf8'), grammarFile),
  })
  const grammar = await registry.loadGrammar('source.eval')
  if (grammar === null) throw new Error('the grammar cannot be loaded')
  return grammar
}

/** The tokens of each line, blanks left out. */
export function tokenise(grammar: IGrammar, text: string): ScopedToken[][] {
  let stack = textmate.INITIAL
  return text.split('\n').map((line) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack)
    stack = ruleStack
    return tokens
      .map(({ startIndex, endIndex, scopes }) => ({
        text: line.slice(startIndex, endIndex),
        start: startIndex,
        scopes: scopes.slice(1),
      }))
      .filter((token) => token.text.trim() !== '')
  })
}
