/**
 * What the parser expected, in the words of people: chevrotain's own messages name token types. Only the `expected` half
 * is told here; `parse.ts` knows what was found instead.
 */
import type { IParserErrorMessageProvider } from 'chevrotain'

const BY_RULE: Record<string, string> = {
  declaration: 'a declaration',
  evalDecl: '`online eval` or `offline eval`',
  constDecl: 'a name',
  clause: 'a clause (`name: …`)',
  clauseValue: 'a clause (`name: …`)',
  operand: 'a value',
  expr: 'an operator',
  binaryOperator: 'an operator',
  sample: 'a number or `all`',
  given: '`trace { … }`, `like "…"`, `EVAL judge returns …` or `EVAL: verdicts`',
  fixture: '`field: value`, a span such as `llm_call { … }`, or `}`',
  when: 'a window (`over 10m`)',
}

export const expectations: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, ruleName }) =>
    expected.name === 'EOF'
      ? 'the end of the declaration'
      : (labelIn(ruleName, expected.name) ?? expected.LABEL ?? expected.name),
  buildNotAllInputParsedMessage: () => 'the end of the declaration',
  buildNoViableAltMessage: ({ ruleName }) => BY_RULE[ruleName] ?? 'something else',
  buildEarlyExitMessage: ({ ruleName }) => BY_RULE[ruleName] ?? 'a value',
}

function labelIn(rule: string, token: string): string | undefined {
  if (token === 'Key' && rule === 'key') return 'a name and a colon (`name:`)'
  if (token === 'RCurly') return 'the next clause or `}`'
  return undefined
}
