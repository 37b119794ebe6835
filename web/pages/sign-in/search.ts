/** What a provider's refusal means to whoever was refused. */
export const REFUSED = {
  unavailable: 'The provider cannot be reached. Try again in a while, or sign in by a key.',
  denied: 'The provider did not let you in.',
  invalid: 'What the provider sent could not be trusted. Try again; the log of Assay says what was wrong.',
  expired: 'That took too long, or this browser does not keep cookies. Try again.',
  no_grant: 'You are in no group that is let in. Ask whoever runs Assay (signIn.openId.grants).',
  domain: 'Addresses of your domain are not let in. Ask whoever runs Assay (signIn.openId.allowedDomains).',
  tenant: 'The provider did not say which tenant is yours. Ask whoever runs Assay (signIn.openId.tenantClaim).',
} as const

export interface SignInSearch {
  /** Where one wanted to: an address of this host. */
  readonly to?: string
  readonly refused?: keyof typeof REFUSED
}

export function parseSignInSearch({ to, refused }: Record<string, unknown>): SignInSearch {
  return {
    ...(typeof to === 'string' && /^\/(?![/\\])/.test(to) && { to }),
    ...(isRefusal(refused) && { refused }),
  }
}

const isRefusal = (text: unknown): text is keyof typeof REFUSED =>
  typeof text === 'string' && Object.hasOwn(REFUSED, text)
