/** The words of a `.eval` text, for colours alone: the language's own lexer is ten times this page. */

export type TokenKind = 'comment' | 'string' | 'pattern' | 'number' | 'clause' | 'keyword'

export interface Token {
  readonly kind: TokenKind | null
  readonly text: string
}

const KEYWORDS =
  'package|import|from|online|offline|eval|alert|scorecard|test|template|const|pattern|scope|let|default|given|expect|where|in|and|or|not|matches|any|all|over|by|per|vs|is|missing|present|contains|starts_with|returns|true|false|trace|llm_call|tool_call|retrieval|agent_run|session|span|embedding|guardrail'

const TOKEN = new RegExp(
  [
    '(?<comment>#[^\\n]*)',
    '(?<string>"""[\\s\\S]*?(?:"""|$)|"(?:[^"\\\\\\n]|\\\\.)*"?)',
    '(?<pattern>/(?:[^/\\\\\\n]|\\\\.)+/i?)',
    '(?<clause>\\b[a-z_]+(?=:(?!\\S*//)))',
    '(?<number>\\b\\d[\\d_]*(?:\\.\\d+)?(?:ms|s|m|h|d|w|pp|%)?)',
    `(?<keyword>\\b(?:${KEYWORDS})\\b)`,
  ].join('|'),
  'g',
)

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > at) tokens.push({ kind: null, text: text.slice(at, match.index) })
    const kind = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined)?.[0] as TokenKind
    tokens.push({ kind, text: match[0] })
    at = match.index + match[0].length
  }
  if (at < text.length) tokens.push({ kind: null, text: text.slice(at) })
  return tokens
}
