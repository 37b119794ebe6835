import type { Access } from '../../../storage/access/gate.ts'
import { isLoopback } from '../../../storage/access/loopback.ts'
import { group, setting, type ValueOf } from '../setting.ts'
import { oneOf, optional } from '../values.ts'

const settings = {
  mode: setting(optional(oneOf(['open', 'keys'])), {
    about: '`open`: requests without a key are those of the tenant `default`; `keys`: every request needs a key',
    default: null,
    without: '`open` while Assay listens on loopback alone and `signIn.openId` is not set, else `keys`',
    variables: ['ASSAY_ACCESS'],
  }),
}

export const access = group('Who is let in: docs/keys.md.', settings)

type AccessConfig = { readonly [K in keyof typeof settings]: ValueOf<(typeof settings)[K]> }

/** Who has people sign in at a provider means everybody, whatever proxy on this machine passes them on. */
export function accessOf({ mode }: AccessConfig, host: string, hasProvider: boolean): Access {
  if (mode === null && hasProvider) return 'keys'
  return mode ?? (host === 'localhost' || isLoopback(host) ? 'open' : 'keys')
}
