/**
 * The words of the language, for chevrotain's lexer. The rules are those of the reference, "Lexing": a key and its colon
 * are one token, a literal and its unit are one token, and a number that runs into letters is one bad token.
 */
import { createToken, type ITokenConfig, Lexer, type TokenType } from 'chevrotain'

const all: TokenType[] = []

function define(config: ITokenConfig): TokenType {
  const type = createToken(config)
  all.push(type)
  return type
}

/** Categories: never in a text themselves. */
export const Key = createToken({ name: 'Key', pattern: Lexer.NA, label: 'a key (`name:`)' })
export const Word = createToken({ name: 'Word', pattern: Lexer.NA, label: 'a name' })
export const Literal = createToken({ name: 'Literal', pattern: Lexer.NA, label: 'a value' })
export const Comparison = createToken({ name: 'Comparison', pattern: Lexer.NA, label: 'a comparison' })
/** Words that begin a declaration; a file is cut at them, so that no error reaches the next declaration. */
export const Opening = createToken({ name: 'Opening', pattern: Lexer.NA, label: 'a declaration' })

const WORD_FIRSTS = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_']
const PATH = '[A-Za-z_][A-Za-z0-9_]*(?:\\.[A-Za-z_][A-Za-z0-9_]*)*'

export const Space = define({
  name: 'Space',
  start_chars_hint: [' ', '\t', '\r', '\n', '\uFEFF'],
  pattern: /[ \t\r\n\uFEFF]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
})
export const Comment = define({ name: 'Comment', start_chars_hint: ['#'], pattern: /#[^\n]*/, group: Lexer.SKIPPED })

/** Ends before a line that begins with `}`: an unterminated block then costs one error and no declaration. */
export const TextBlock = define({
  name: 'TextBlock',
  start_chars_hint: ['"'],
  pattern: /"""(?:(?!""")(?!\n\})[\s\S])*"""/,
  categories: [Literal],
  line_breaks: true,
  label: 'a text block',
})
export const BadTextBlock = define({
  name: 'BadTextBlock',
  start_chars_hint: ['"'],
  pattern: /"""(?:(?!\n\})[\s\S])*/,
  categories: [Literal],
  line_breaks: true,
})
export const Text = define({
  name: 'Text',
  start_chars_hint: ['"'],
  pattern: /"(?:[^"\\\n]|\\[^\n])*"/,
  categories: [Literal],
  label: 'a text in quotes',
})
export const BadText = define({ name: 'BadText', start_chars_hint: ['"'], pattern: /"[^\n]*/, categories: [Literal] })
/** Texts take double quotes; this is told with a fix. */
export const SingleQuoted = define({
  name: 'SingleQuoted',
  start_chars_hint: ["'"],
  pattern: /'[^'\n]*'/,
  categories: [Literal],
})

/** To the first `/` outside a class; `]` first in a class is literal and `[:alpha:]` nests. */
const REGEX_CLASS = '\\[\\^?\\]?(?:\\[:[a-z^]+:\\]|\\\\[^\\n]|(?!\\[:[a-z^]+:\\])[^\\]\\\\\\n])*\\]'
export const Regex = define({
  name: 'Regex',
  pattern: new RegExp(`/(?:${REGEX_CLASS}|\\\\[^\\n]|[^/\\\\\\n[])+/[A-Za-z]*`),
  start_chars_hint: ['/'],
  categories: [Literal],
  label: 'a regex (`/…/`)',
  line_breaks: false,
})
export const BadRegex = define({
  name: 'BadRegex',
  start_chars_hint: ['/'],
  pattern: /\/[^\n]*/,
  categories: [Literal],
})

/** `attr("acme.tier"):`, the key of an attribute in a fixture. Before words: it begins like one. */
export const AttrKey = define({
  name: 'AttrKey',
  pattern: /attr[ \t]*\([ \t]*"(?:[^"\\\n]|\\[^\n])*"[ \t]*\)[ \t]*:/,
  categories: [Key],
  start_chars_hint: ['a'],
  line_breaks: false,
})

/**
 * A word, or a key with its colon. The lexer matches no other: `lexer.ts` then tells keys, reserved words and names apart by
 * one look into a table, which is twice as fast as a pattern for each.
 */
export const AnyWord = define({
  name: 'AnyWord',
  pattern: new RegExp(`${PATH}(?:[ \\t]*:)?`),
  start_chars_hint: WORD_FIRSTS,
  line_breaks: false,
})

/** What a word, and what a key without its colon, is when it is no plain name. */
export const WORDS = new Map<string, TokenType>()
export const KEYS = new Map<string, TokenType>()

function without(name: string, categories: TokenType[], label: string): TokenType {
  const type = createToken({ name, pattern: Lexer.NA, categories, label })
  all.push(type)
  return type
}

// Keys whose value has a form of its own are tokens of their own, so that one token of lookahead is enough for the grammar.
function key(name: string, words: readonly string[]): TokenType {
  const type = without(name, [Key], 'a key')
  for (const word of words) KEYS.set(word, type)
  return type
}
export const KeyOn = key('KeyOn', ['on'])
export const KeyMissing = key('KeyMissing', ['missing'])
export const KeyEvery = key('KeyEvery', ['every'])
export const KeySample = key('KeySample', ['sample'])
export const KeyJudge = key('KeyJudge', ['judge'])
export const KeyScale = key('KeyScale', ['scale'])
export const KeyWhen = key('KeyWhen', ['when'])
export const KeyNoData = key('KeyNoData', ['no_data'])
export const KeyBudget = key('KeyBudget', ['budget'])
export const KeyFalseAlarms = key('KeyFalseAlarms', ['false_alarms'])
export const KeyPeriod = key('KeyPeriod', ['over'])
export const KeyRow = key('KeyRow', ['row'])
/** Clauses whose value is a list of expressions; the checker says what each may hold. */
export const VALUE_KEYS = [
  'title',
  'owner',
  'was',
  'metric',
  'proxy',
  'labels',
  'score',
  'pass',
  'mode',
  'missed',
  'redact',
  'show',
  'rubric',
  'for',
  'severity',
  'notify',
]
export const KeyValues = key('KeyValues', VALUE_KEYS)
export const KeyOther = without('KeyOther', [Key], 'a key')
export const Name = without('Name', [Word], 'a name')

function word(text: string, name: string, categories: TokenType[]): TokenType {
  const type = without(name, categories, `\`${text}\``)
  WORDS.set(text, type)
  return type
}
function reserved(text: string, categories: TokenType[] = []): TokenType {
  return word(text, capitalised(text), categories)
}
/** Words with a meaning in one place, and free everywhere else. */
function contextual(text: string): TokenType {
  return word(text, `${capitalised(text)}Word`, [Word])
}
function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

export const And = reserved('and')
export const Or = reserved('or')
export const Not = reserved('not')
export const In = reserved('in')
export const Is = reserved('is')
export const Contains = reserved('contains')
export const Starts = reserved('starts')
export const Matches = reserved('matches')
export const Where = reserved('where')
export const Given = reserved('given')
export const Expect = reserved('expect')
export const Package = reserved('package', [Opening])
export const Import = reserved('import', [Opening])
export const Const = reserved('const', [Opening])
export const Pattern = reserved('pattern', [Opening])
export const Scope = reserved('scope', [Opening])
export const Define = reserved('define', [Opening])
export const Default = reserved('default', [Opening])
export const Template = reserved('template', [Opening])
export const Online = reserved('online', [Opening])
export const Offline = reserved('offline', [Opening])
export const Alert = reserved('alert', [Opening])
export const Scorecard = reserved('scorecard', [Opening])
export const Test = reserved('test', [Opening])

export const EvalWord = contextual('eval')
export const From = contextual('from')
export const Check = contextual('check')
export const Any = contextual('any')
export const With = contextual('with')
export const At = contextual('at')
export const Of = contextual('of')
export const All = contextual('all')
export const Over = contextual('over')
export const By = contextual('by')
export const Else = contextual('else')
export const Take = contextual('take')
export const To = contextual('to')
export const Because = contextual('because')
export const After = contextual('after')
export const Like = contextual('like')
export const Trace = contextual('trace')
export const Judge = contextual('judge')
export const Returns = contextual('returns')
export const Each = contextual('each')
export const Times = contextual('x')
export const Missing = contextual('missing')
export const Per = contextual('per')
export const Vs = contextual('vs')
export const Regresses = contextual('regresses')
export const Rises = contextual('rises')
export const Falls = contextual('falls')
export const File = contextual('file')
export const Todo = contextual('todo')

// What may not follow a literal at once: letters, digits, `_`, `%` and `.` (rule 6). `12abc` is then one bad token.
const END = '(?![A-Za-z0-9_%.])'
const NUMBER = '\\d+(?:\\.\\d+)?'
const DIGITS = [...'0123456789']
function literal(name: string, pattern: string, label: string): TokenType {
  return define({
    name,
    pattern: new RegExp(pattern),
    categories: [Literal],
    start_chars_hint: DIGITS,
    label,
    line_breaks: false,
  })
}
export const TimeOfDay = literal('TimeOfDay', `\\d\\d:\\d\\d${END}`, 'a time (`06:00`)')
export const Money = literal('Money', `${NUMBER}[ \\t]*[A-Z]{3}${END}`, 'an amount (`0.25 USD`)')
export const Duration = literal('Duration', `${NUMBER}(?:ms|s|m|h|d|w)${END}`, 'a duration (`9.2s`)')
export const Points = literal('Points', `${NUMBER}pp${END}`, 'percentage points (`3pp`)')
export const Percent = literal('Percent', `${NUMBER}%${END}`, 'a percentage (`95%`)')
export const Decimal = literal('Decimal', `\\d+\\.\\d+${END}`, 'a number')
export const Int = literal('Int', `\\d+${END}`, 'a number')
export const BadNumber = literal('BadNumber', '\\d[A-Za-z0-9_%.]*', 'a number')

function symbol(name: string, text: string, categories: TokenType[] = []): TokenType {
  return define({ name, pattern: text, categories, label: `\`${text}\`` })
}
export const LCurly = symbol('LCurly', '{')
export const RCurly = symbol('RCurly', '}')
export const LParen = symbol('LParen', '(')
export const RParen = symbol('RParen', ')')
export const LSquare = symbol('LSquare', '[')
export const RSquare = symbol('RSquare', ']')
export const Comma = symbol('Comma', ',')
export const Equal = symbol('Equal', '==', [Comparison])
export const NotEqual = symbol('NotEqual', '!=', [Comparison])
export const LessEqual = symbol('LessEqual', '<=', [Comparison])
export const GreaterEqual = symbol('GreaterEqual', '>=', [Comparison])
export const Less = symbol('Less', '<', [Comparison])
export const Greater = symbol('Greater', '>', [Comparison])
export const Assign = symbol('Assign', '=')
export const Coalesce = symbol('Coalesce', '??')
export const Plus = symbol('Plus', '+')
export const Minus = symbol('Minus', '-')
export const Star = symbol('Star', '*')
/** Anything else: one token a run, so that a foreign word costs one error. */
export const Foreign = define({
  name: 'Foreign',
  pattern: /[^ \t\r\n\uFEFFA-Za-z0-9_#"{}()[\],=<>!?+*/-]+|[!?]/,
  line_breaks: false,
})

export const tokenTypes: TokenType[] = [Key, Word, Literal, Comparison, Opening, ...all]
