/** What may not get into the log: docs/privacy.md. */
import { z } from 'zod'
import type { PatternPlan } from '../../../dsl/plan.ts'
import { regexProblem, splitRegex } from '../../../dsl/regex.ts'
import { isSlowOnHostileText } from '../../../dsl/regex-trial.ts'
import { nearest } from '../../../dsl/suggest.ts'
import { type PrivacyRules, type PrivacySettings, parseNameRules } from '../../../engine/privacy/policy.ts'
import { REVIEWED_PATTERNS } from '../../../engine/regex/reviewed-matcher.ts'
import { isTenant } from '../../../storage/access/principal.ts'
import { longSecret } from '../secret.ts'
import { type Complaint, each, group, type Kind, setting, type ValueOf } from '../setting.ts'
import { list, optional } from '../values.ts'

const KEY_LENGTH = 32

const name: Kind<string> = {
  takes: 'an attribute, with `*` for any characters',
  schema: () => z.string('must be the name of an attribute').regex(/\S/, 'must be the name of an attribute'),
}

function patternOf(text: string): readonly PatternPlan[] | { problem: string } {
  if (text === 'pii') return [...REVIEWED_PATTERNS.values()]
  const known = REVIEWED_PATTERNS.get(text)
  if (known !== undefined) return [known]
  if (!text.startsWith('/')) {
    const packNames = [...REVIEWED_PATTERNS.keys()]
    const guess = nearest(text, packNames)
    const help =
      guess === null ? `there are ${packNames.join(', ')}, and pii for all of them` : `did you mean ${guess}?`
    return { problem: `has to be a /regex/ or a pattern of assay:pii; ${help}` }
  }
  if (!/^\/.+\/[a-z]*$/s.test(text)) return { problem: 'has to end as a regex does: /regex/, or /regex/i' }
  const problem = regexProblem(text)
  if (problem !== null)
    return { problem: `is no regex that can be run: ${[problem.message, ...problem.notes].join('; ')}` }
  const { source, flags } = splitRegex(text)
  const caseInsensitive = flags === 'i'
  if (isSlowOnHostileText(source, caseInsensitive)) {
    return { problem: 'is slow on some texts, and everybody waits at the gateway: count less, `{1,10}` for `{1,100}`' }
  }
  return [{ name: text, source, caseInsensitive, check: null, builtin: null }]
}

const pattern: Kind<string> = {
  takes: '`/regex/` (RE2), `/regex/i`, `pii`, or one of it such as `pii.email`',
  schema: () =>
    z.string('must be a text').superRefine((text, context) => {
      const found = patternOf(text)
      if ('problem' in found) context.addIssue({ code: 'custom', message: found.problem })
    }),
}

/** Of texts that have commas in them. */
const patterns: Kind<readonly string[]> = { ...list(pattern), takes: `a list, each ${pattern.takes}` }

const PLACES = 'with `span:`, `resource:`, `scope:`, `event:` or `link:` before it there alone'

/** Of a tenant, or of all. */
const rulesOf = (variables: (name: string) => readonly string[]) => ({
  drop: setting(list(name), {
    about: `attributes that are left out; ${PLACES}`,
    default: [],
    without: 'none',
    variables: variables('DROP'),
  }),
  tokenise: setting(list(name), {
    about: 'identifiers of which a keyed token is kept; `user` and `session` stand for those of all conventions',
    default: [],
    without: 'none',
    variables: variables('TOKENISE'),
  }),
  mask: setting(patterns, {
    about: 'what is replaced by `*` wherever it stands in a text',
    default: [],
    without: 'nothing',
  }),
})

const settings = {
  key: setting(optional(longSecret(KEY_LENGTH)), {
    about: 'what tokens are made with; another key makes other tokens',
    default: null,
    without: 'nothing can be tokenised',
    variables: ['ASSAY_PRIVACY_KEY'],
  }),
  ...rulesOf((name) => [`ASSAY_PRIVACY_${name}`]),
  tenants: each({
    about: 'Rules of one tenant, on top of those for all.',
    name: 'TENANT',
    nameOf: (text) => text,
    member: group(
      '',
      rulesOf(() => []),
    ),
  }),
}

export const privacy = group(
  'What the gateway takes out of spans before they are written anywhere: docs/privacy.md.',
  settings,
  (value) => complaintsOf(value),
)

type PrivacyConfig = { readonly [K in keyof typeof settings]: ValueOf<(typeof settings)[K]> }

function complaintsOf({ key, tokenise, tenants }: PrivacyConfig): Complaint[] {
  const complaints: Complaint[] = []
  const tokenising = [
    ...(tokenise.length > 0 ? ['privacy.tokenise'] : []),
    ...[...tenants].flatMap(([name, rules]) => (rules.tokenise.length > 0 ? [`privacy.tenants.${name}.tokenise`] : [])),
  ]
  const [first] = tokenising
  if (key === null && first !== undefined) {
    const message =
      'needs privacy.key (ASSAY_PRIVACY_KEY): tokens without a key could be guessed; openssl rand -hex 32 makes one'
    complaints.push({ path: first, message })
  }
  for (const name of tenants.keys()) {
    if (!isTenant(name))
      complaints.push({
        path: `privacy.tenants.${name}.drop`,
        message: `is of no tenant: ${name} cannot be a tenant's name`,
      })
  }
  return complaints
}

const plain = ({ drop, tokenise, mask }: Omit<PrivacyConfig, 'key' | 'tenants'>): PrivacyRules => ({
  drop: drop.flatMap(parseNameRules),
  tokenise: tokenise.flatMap(parseNameRules),
  mask: mask.flatMap((text) => {
    const found = patternOf(text)
    return 'problem' in found ? [] : found
  }),
})

export const privacyOf = (config: PrivacyConfig): PrivacySettings => ({
  key: config.key?.reveal() ?? null,
  everyone: plain(config),
  tenants: new Map([...config.tenants].map(([name, rules]) => [name, plain(rules)])),
})
