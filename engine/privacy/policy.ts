/** What may not get past the gateway: rules for one tenant's spans, as the configuration gives them. */
import type { PatternPlan } from '../../dsl/plan.ts'
import { identifierKeys } from '../conventions/identifier-keys.ts'

/** Where an attribute stands. Log events that join their span are its events. */
export const PLACES = ['resource', 'scope', 'span', 'event', 'link'] as const
export type Place = (typeof PLACES)[number]

/** Attributes by name. */
export interface NameRule {
  /** Null: anywhere. */
  readonly place: Place | null
  /** `*` stands for any run of characters. */
  readonly pattern: string
}

export interface PrivacyRules {
  /** These are left out. */
  readonly drop: readonly NameRule[]
  /** Of these a keyed token is kept, the same for the same value. */
  readonly tokenise: readonly NameRule[]
  /** What these match is replaced by `*` in every text. */
  readonly mask: readonly PatternPlan[]
}

/** Plain data: it goes to other threads. */
export interface PrivacySettings {
  /** Of tokens; null where nothing is tokenised. */
  readonly key: string | null
  /** Hold for every tenant. */
  readonly everyone: PrivacyRules
  /** Hold for one tenant besides. */
  readonly tenants: ReadonlyMap<string, PrivacyRules>
}

export const NO_RULES: PrivacyRules = { drop: [], tokenise: [], mask: [] }
export const NO_PRIVACY: PrivacySettings = { key: null, everyone: NO_RULES, tenants: new Map() }

/** A tenant's own rules come on top of everyone's, so that writing some never takes others away. */
export function rulesFor({ everyone, tenants }: PrivacySettings, tenant: string): PrivacyRules {
  const own = tenants.get(tenant)
  if (own === undefined) return everyone
  return {
    drop: [...everyone.drop, ...own.drop],
    tokenise: [...everyone.tokenise, ...own.tokenise],
    mask: [...everyone.mask, ...own.mask],
  }
}

/** Words for the attributes of all conventions that hold one identifier. */
export const IDENTIFIERS: Readonly<Record<string, 'userId' | 'sessionId'>> = { user: 'userId', session: 'sessionId' }

/** `user`, `session`, `customer.id`, `event:exception.*`: one or more rules. */
export function parseNameRules(text: string): NameRule[] {
  const identifier = Object.hasOwn(IDENTIFIERS, text) ? IDENTIFIERS[text] : undefined
  if (identifier !== undefined) return identifierKeys(identifier).map((pattern) => ({ place: null, pattern }))
  const colon = text.indexOf(':')
  const place = PLACES.find((one) => one === text.slice(0, Math.max(0, colon)))
  return [place === undefined ? { place: null, pattern: text } : { place, pattern: text.slice(colon + 1) }]
}
