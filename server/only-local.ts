import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import { isLoopback } from './loopback.ts'
import { problem } from './problem.ts'

/** The refusal of a request from another machine, null for one from this: there are no keys yet that would tell who may. */
export function refuseOthers(context: Context): Response | null {
  return isLoopback(getConnInfo(context).remote.address) ? null : problem(context, 403, 'only from this machine')
}
