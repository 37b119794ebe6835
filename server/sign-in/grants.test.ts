import { expect, test } from 'vitest'
import { type Claims, type GrantSettings, grantOf } from './grants.ts'

const settings: GrantSettings = {
  grants: [
    { group: 'leads', role: 'admin', tenant: 'acme' },
    { group: 'staff', role: 'viewer', tenant: 'default' },
  ],
  groupsClaim: 'groups',
  tenantClaim: null,
  allowedDomains: null,
}

test.each<[string, Claims, Partial<GrantSettings>, unknown]>([
  ['the first grant decides', { sub: '1', groups: ['staff', 'leads'] }, {}, ['acme', 'admin', '1']],
  ['a group by itself', { sub: '1', email: 'A@b.c', groups: 'staff' }, {}, ['default', 'viewer', 'a@b.c']],
  ['no group', { sub: '1' }, {}, 'no_grant'],
  ['groups of another shape', { sub: '1', groups: { staff: true } }, {}, 'no_grant'],
  [
    'a claim inside of one',
    { sub: '1', realm_access: { roles: ['staff'] } },
    { groupsClaim: 'realm_access.roles' },
    ['default', 'viewer', '1'],
  ],
  [
    'a claim whose name has dots',
    { sub: '1', 'https://a.b/c': ['staff'] },
    { groupsClaim: 'https://a.b/c' },
    ['default', 'viewer', '1'],
  ],
  [
    'a tenant by claim',
    { sub: '1', groups: ['staff'], org: 'rival' },
    { tenantClaim: 'org' },
    ['rival', 'viewer', '1'],
  ],
  ['a tenant that is none', { sub: '1', groups: ['staff'], org: '../x' }, { tenantClaim: 'org' }, 'tenant'],
  ['no tenant', { sub: '1', groups: ['staff'] }, { tenantClaim: 'org' }, 'tenant'],
  ['another domain', { sub: '1', email: 'a@evil-b.c', groups: ['staff'] }, { allowedDomains: ['b.c'] }, 'domain'],
  ['no address', { sub: '1', groups: ['staff'] }, { allowedDomains: ['b.c'] }, 'domain'],
  [
    'an address that is not verified',
    { sub: '1', email: 'a@b.c', email_verified: false, groups: ['staff'] },
    { allowedDomains: ['b.c'] },
    'domain',
  ],
])('%s', (_, claims, more, expected) => {
  const granted = grantOf(claims, { ...settings, ...more })
  expect(granted.ok ? [granted.tenant, granted.role, granted.person] : granted.code).toEqual(expected)
})
