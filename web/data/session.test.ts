import { expect, test } from 'vitest'
import type { SessionInfo } from '../../client/api.ts'
import { allowanceOf } from './session.ts'

const session = (rest: Partial<SessionInfo>): SessionInfo => ({
  tenant: 'acme',
  role: 'viewer',
  may: ['read'],
  isSignedIn: true,
  ...rest,
})

test('what a role may not do has its reason, with whom to ask for', () => {
  expect(allowanceOf(session({}), 'read')).toEqual({ isAllowed: true, why: undefined })
  expect(allowanceOf(session({}), 'edit').why).toBe('Your role is viewer: this takes the role editor.')
  expect(allowanceOf(session({ isSignedIn: false, role: 'anyone' }), 'push').why).toBe(
    'You are not signed in: this takes the role deploy.',
  )
})
