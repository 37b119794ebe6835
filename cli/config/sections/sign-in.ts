import type { OpenIdSettings } from '../../../server/sign-in/openid.ts'
import type { SignInSettings } from '../../../server/sign-in/sign-in.ts'
import { isLoopback } from '../../../storage/access/loopback.ts'
import { DEFAULT_TENANT, isTenant } from '../../../storage/access/principal.ts'
import { secretText } from '../secret.ts'
import { type Complaint, each, group, setting, type ValueOf } from '../setting.ts'
import { httpUrl, list, oneOf, optional, text, wholeNumber } from '../values.ts'

const grants = each({
  about: 'By the name of a group, as the provider writes it. The first in the file that somebody is in decides.',
  name: 'GROUP',
  nameOf: (name) => name,
  member: group('What those in the group are here.', {
    role: setting(oneOf(['viewer', 'deploy', 'editor', 'admin']), { about: 'what they may do', default: 'viewer' }),
    tenant: setting(text('a tenant'), {
      about: 'whose data they see, unless `tenantClaim` says it',
      default: DEFAULT_TENANT,
    }),
  }),
})

const openId = group(
  'A provider of OpenID Connect, to which people are sent to sign in.',
  {
    issuer: setting(optional(httpUrl('https://login.example.org')), {
      about: 'its issuer; what else is to be known of it is read from there',
      default: null,
      without: 'people sign in by keys',
      variables: ['ASSAY_OPENID_ISSUER'],
    }),
    clientId: setting(optional(text('a client id')), {
      about: 'as what Assay is registered there, with the redirect address `{publicUrl}/v1/sign-in/callback`',
      default: null,
      variables: ['ASSAY_OPENID_CLIENT_ID'],
    }),
    clientSecret: setting(optional(secretText), {
      about: 'the secret of that client; sessions are sealed by it too, so that a new one signs everybody out',
      default: null,
      variables: ['ASSAY_OPENID_CLIENT_SECRET'],
    }),
    label: setting(text('a name'), {
      about: 'what the provider is called on the page to sign in',
      default: 'your organisation',
      variables: ['ASSAY_OPENID_LABEL'],
    }),
    scopes: setting(list(text('a scope')), {
      about: 'what is asked of the provider; some want one for groups',
      default: ['openid', 'email', 'profile'],
      variables: ['ASSAY_OPENID_SCOPES'],
    }),
    groupsClaim: setting(text('the name of a claim'), {
      about: 'the claim with the groups or roles of somebody; `realm_access.roles` reaches into one',
      default: 'groups',
      variables: ['ASSAY_OPENID_GROUPS_CLAIM'],
    }),
    tenantClaim: setting(optional(text('the name of a claim')), {
      about: 'the claim with the tenant of somebody',
      default: null,
      without: 'the grant says it',
      variables: ['ASSAY_OPENID_TENANT_CLAIM'],
    }),
    allowedDomains: setting(optional(list(text('a domain'))), {
      about: 'domains of the mail addresses that are let in',
      default: null,
      without: 'any',
      variables: ['ASSAY_OPENID_ALLOWED_DOMAINS'],
    }),
    grants,
  },
  complaintsOf,
)

const members = {
  sessionHours: setting(wholeNumber(1, 720), {
    about: 'after so long people sign in again',
    default: 12,
    variables: ['ASSAY_SESSION_HOURS'],
  }),
  openId,
}

export const signIn = group('How people sign in to the pages: docs/sign-in.md.', members)

type SignInConfig = ValueOf<typeof signIn>

export function signInOf({ sessionHours, openId }: SignInConfig): SignInSettings {
  return { sessionMs: sessionHours * 3_600_000, openId: openIdOf(openId) }
}

function openIdOf({ issuer, clientId, clientSecret, grants, ...rest }: SignInConfig['openId']): OpenIdSettings | null {
  if (issuer === null || clientId === null || clientSecret === null) return null
  const granted = [...grants].map(([group, grant]) => ({ group, ...grant }))
  return { issuer, clientId, clientSecret: clientSecret.reveal(), grants: granted, ...rest }
}

function complaintsOf(config: {
  readonly issuer: string | null
  readonly clientId: string | null
  readonly clientSecret: object | null
  readonly grants: ReadonlyMap<string, { readonly tenant: string }>
}): Complaint[] {
  const { issuer, clientId, clientSecret, grants } = config
  const complain = (name: string, message: string): Complaint[] => [{ path: `signIn.openId.${name}`, message }]
  if (issuer === null)
    return clientId === null && clientSecret === null && grants.size === 0
      ? []
      : complain('issuer', 'is needed beside the others')
  const { protocol, hostname } = new URL(issuer)
  if (protocol === 'http:' && hostname !== 'localhost' && !isLoopback(hostname.replace(/^\[|\]$/g, '')))
    return complain('issuer', 'must be https: who listens in could sign in as anybody')
  if (clientId === null) return complain('clientId', 'is needed beside issuer')
  if (clientSecret === null) return complain('clientSecret', 'is needed beside issuer')
  if (grants.size === 0) return complain('grants', 'must name a group at least: nobody could sign in')
  return [...grants].flatMap(([name, { tenant }]) =>
    isTenant(tenant) ? [] : complain(`grants.${name}.tenant`, 'must be lower-case letters, digits, - and _'),
  )
}
