/** Who is signed in, and what of the pages they may use: what a role may not do is shown as such, and not tried. */
import { useQuery } from '@tanstack/react-query'
import type { SessionInfo } from '../../client/api.ts'
import { api } from './api.ts'

export type Permission = SessionInfo['may'][number]

/** Least first: the first that may is whom to ask for. */
const ROLES: Readonly<Record<Permission, string>> = {
  read: 'viewer',
  push: 'deploy',
  edit: 'editor',
  administer: 'admin',
  operate: 'admin of the tenant default',
}

export interface Allowance {
  readonly isAllowed: boolean
  /** A sentence for people, where it is not; undefined while nobody has answered yet. */
  readonly why: string | undefined
}

export function useSession() {
  return useQuery({
    queryKey: ['session'],
    queryFn: ({ signal }) => api.getSession(signal),
    staleTime: 60_000,
  })
}

/** Whether whoever looks at the page may do what asks for `permission`. The API decides; this spares people a refusal. */
export function useMay(permission: Permission): Allowance {
  const { data } = useSession()
  return data === undefined ? { isAllowed: false, why: undefined } : allowanceOf(data, permission)
}

export function allowanceOf({ may, role, isSignedIn }: SessionInfo, permission: Permission): Allowance {
  if (may.includes(permission)) return { isAllowed: true, why: undefined }
  const held = isSignedIn ? `Your role is ${role}` : 'You are not signed in'
  return { isAllowed: false, why: `${held}: this takes the role ${ROLES[permission]}.` }
}
