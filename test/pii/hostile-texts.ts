import type { PatternPlan } from '../../dsl/plan.ts'

export const HOSTILE_BYTES = 100_000

const fill = (unit: string): string => unit.repeat(Math.ceil(HOSTILE_BYTES / unit.length)).slice(0, HOSTILE_BYTES)

/** Texts that make backtracking engines and careless scans work hardest for the pack's patterns. */
export function hostileTexts(): { name: string; text: string }[] {
  const units: Record<string, string> = {
    digits: '1',
    'digits and spaces': '1 ',
    'digits and dots': '1.',
    'trunk numbers': '0123 4',
    'groups of four': '4111 1111 1111 1112 ',
    'triple rows': '123 456 ',
    dates: '01-02-2024 ',
    'plus signs': '+1',
    'opened parentheses': '(0123',
    'almost phones': '+1 (415) 555-267x ',
    'phone cues': 'call me at my number is ',
    'cues and digits': 'phone: 123456 ',
    'email locals': 'a',
    'email locals in words': 'a.b-',
    ats: 'a@',
    'email labels': 'a@b-c.',
    'long labels': `x@${'a'.repeat(63)}.`,
    'almost jwt': 'eyJ',
    'jwt parts': 'eyJhbGciOiJ.',
    'jwt dashes': 'eyJ-',
    'key prefixes': 'sk-',
    'long tokens': 'sk-proj-abc_',
    'token dots': 'SG.abcdefghijklmnopqrstuv.',
    hex: 'abcdef12',
    colons: 'a:',
    'almost IPv6': '12ab:34cd:56ef:',
    'double colons': 'a::b',
    'ipv4 rows': '1.2.3.256 ',
    'IBAN heads': 'DE12',
    'IBAN with gaps': 'GB12 ABCD 1234 ',
    'IBAN runs': 'MT84MALT011000012345MTLCAST001S ',
    'product tokens': 'a_b/1.2',
    versions: 'version 1.',
    escapes: '\\n0',
    'wide separators': '1\u00a0\u2011',
    surrogates: '\u{1F600}1',
  }
  return Object.entries(units).map(([name, unit]) => ({ name, text: fill(unit) }))
}

/** What a team might write, with what a stranger might send. */
export function userPatterns(): { name: string; plan: PatternPlan; text: string }[] {
  const own = (source: string, check: PatternPlan['check'] = null): PatternPlan => ({
    name: source,
    source,
    caseInsensitive: false,
    check,
    builtin: null,
  })
  return [
    ['(a+)+$', fill('a')],
    ['(a|aa)+b', fill('a')],
    ['(.*a){12}', fill('ab')],
    ['foo.*?bar|foo', `${fill('foo')}bar`],
    ['(x+x+)+y', fill('x')],
    ['([a-z]+)*@', fill('abc')],
    ['^(\\w+\\s?)*$', `${fill('word ')}!`],
    ['[0-9 ]+', fill('1 ')],
    ['secret: .{1,80}', fill('secret: x')],
  ].map(([source = '', text = '']) => ({
    name: `/${source}/`,
    plan: own(source, source === '[0-9 ]+' ? 'luhn' : null),
    text,
  }))
}
