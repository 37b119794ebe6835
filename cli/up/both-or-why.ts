/** What starts side by side, and what of its failures is told as a sentence. */
import { messageOf } from '../../engine/message-of.ts'
import { LogError } from '../../storage/log/port.ts'
import { RoleRefused } from '../roles/role-thread.ts'
import { CannotStart } from '../roles/run-role.ts'

/** Both listeners, or one refusal that tells what is wrong with either: nobody likes to mend one port to learn of the next. */
export async function bothOrWhy<A, B>(
  first: Promise<A>,
  second: Promise<B>,
  onStarted: (started: A | B) => void,
): Promise<[A, B]> {
  const outcomes = await Promise.allSettled([first, second])
  const errors: unknown[] = []
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') onStarted(outcome.value)
    else errors.push(outcome.reason)
  }
  const bug = errors.find((error) => !isExpected(error))
  if (bug !== undefined) throw bug
  if (errors.length > 0) throw new CannotStart(errors.map(messageOf).join('\n'))
  return [await first, await second]
}

/** What people can mend; all else is a bug. */
export const isExpected = (error: unknown): error is Error =>
  error instanceof CannotStart || error instanceof RoleRefused || error instanceof LogError
