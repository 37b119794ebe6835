/** A role's own side: what a worker thread's module calls to become a role. */

import { parentPort, threadName, workerData } from 'node:worker_threads'
import type { Plan } from '../../dsl/plan.ts'
import { messageOf } from '../../engine/message-of.ts'
import { LogError } from '../../storage/log/port.ts'
import { registry } from '../../storage/metrics/registry.ts'
import { watchThread } from '../../storage/metrics/thread.ts'
import { openTracing } from '../../storage/tracing/open-tracing.ts'
import { VERSION } from '../version.ts'
import type { FromRole, ThreadData, ToRole } from './protocol.ts'

export interface RoleContext {
  readonly data: unknown
  notice(text: string): void
  problem(text: string): void
  change(text: string): void
}

export interface RunningRole {
  /** Passed to the main thread with `ready`. */
  info: unknown
  setDefinitions(plan: Plan): void
  call(method: string, argument: unknown): Promise<unknown>
  drain(): Promise<void>
}

/** An error that the user can mend; its message is shown without a stack trace. */
export class CannotStart extends Error {
  override name = 'CannotStart'
}

/** Starts the role, answers the main thread's messages, and stops when told to drain. */
export async function runRole(start: (context: RoleContext) => Promise<RunningRole>): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('a role runs in a worker thread')
  const post = (message: FromRole): void => port.postMessage(message)
  watchThread(threadName ?? 'role')
  const { data, tracing: settings } = workerData as ThreadData
  const tracing = await openTracing({
    settings,
    role: threadName ?? 'role',
    version: VERSION,
    onProblem: (text) => post({ kind: 'problem', text }),
    onChange: (text) => post({ kind: 'change', text }),
  })
  let role: RunningRole
  try {
    role = await start({
      data,
      notice: (text) => post({ kind: 'notice', text }),
      problem: (text) => post({ kind: 'problem', text }),
      change: (text) => post({ kind: 'change', text }),
    })
  } catch (error) {
    if (!(error instanceof CannotStart || error instanceof LogError)) throw error
    post({ kind: 'refused', message: error.message })
    port.close()
    return
  }
  port.on('message', (message: ToRole) => {
    switch (message.kind) {
      case 'definitions':
        return role.setDefinitions(message.plan)
      case 'call':
        // Each thread measures for itself, whatever its role.
        answerOf(role, message).then(
          (value) => post({ kind: 'reply', id: message.id, ok: true, value }),
          (error: unknown) =>
            post({
              kind: 'reply',
              id: message.id,
              ok: false,
              message: messageOf(error),
            }),
        )
        return
      case 'drain':
        role
          .drain()
          .catch((error: unknown) => post({ kind: 'problem', text: `while it stopped: ${messageOf(error)}` }))
          .then(() => tracing.close())
          .finally(() => post({ kind: 'drained' }))
    }
  })
  post({ kind: 'ready', info: role.info })
}

const answerOf = (role: RunningRole, { method, argument }: Extract<ToRole, { kind: 'call' }>): Promise<unknown> =>
  method === 'metrics' ? registry.getMetricsAsJSON() : role.call(method, argument)

/** Takes every step, whether those before it failed or not; then rejects with what the first that failed said. */
export async function inTurn(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = []
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
