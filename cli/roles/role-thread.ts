/** The main thread's side of a role that runs in a worker thread. */

import { getCompileCacheDir } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import type { Plan } from '../../dsl/plan.ts'
import { messageOf } from '../../engine/message-of.ts'
import { youngGeneration } from '../../scripts/node-flags.mjs'
import type { TracingSettings } from '../../storage/tracing/open-tracing.ts'
import type { FromRole, ThreadData, ToRole } from './protocol.ts'

export interface RoleThread<Info> {
  readonly name: string
  readonly info: Info
  setDefinitions(plan: Plan): void
  /** Rejects with the role's own message, or when the thread ends first. */
  call(method: string, argument: unknown): Promise<unknown>
  /** Lets the role finish what it has begun, then ends the thread. */
  drain(): Promise<void>
}

/** Why a role did not start: a setting or a resource that the user can mend. */
export class RoleRefused extends Error {
  override name = 'RoleRefused'
}

export interface RoleOptions<Info> {
  name: string
  /** The module that calls `runRole`. */
  module: URL
  data: unknown
  parseInfo: (raw: unknown) => Info
  onNotice: (text: string) => void
  onProblem: (text: string) => void
  /** As `onProblem` unless given. */
  onChange?: (text: string) => void
  /** The thread ended although nobody asked it to. */
  onLost: (name: string, reason: string) => void
  /** What the thread traces of itself; nothing unless told. */
  tracing?: TracingSettings | null
  transfer?: readonly import('node:worker_threads').Transferable[]
  /** Its work is mostly bytes: see `startThread`. */
  handlesBytes?: boolean
}

/** Resolves when the role says that it is ready; rejects with `RoleRefused` when it cannot start. */
export function startRole<Info>(options: RoleOptions<Info>): Promise<RoleThread<Info>> {
  const worker = startThread(options)
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let nextId = 1
  let draining: PromiseWithResolvers<void> | null = null
  let ended = false
  let lastError = 'it ended'
  const post = (message: ToRole): void => worker.postMessage(message)

  return new Promise((resolve, reject) => {
    let started = false
    const role = (info: Info): RoleThread<Info> => ({
      name: options.name,
      info,
      setDefinitions: (plan) => post({ kind: 'definitions', plan }),
      call: (method, argument) =>
        new Promise((resolveCall, rejectCall) => {
          if (ended) return rejectCall(new Error(`${options.name} stopped: ${lastError}`))
          const id = nextId++
          waiting.set(id, { resolve: resolveCall, reject: rejectCall })
          post({ kind: 'call', id, method, argument })
        }),
      drain: async () => {
        // A message to a thread that is gone is never answered.
        if (ended) return
        if (draining === null) {
          draining = Promise.withResolvers<void>()
          post({ kind: 'drain' })
        }
        await draining.promise
        await worker.terminate()
      },
    })
    worker.on('message', (message: FromRole) => {
      switch (message.kind) {
        case 'ready':
          started = true
          return resolve(role(options.parseInfo(message.info)))
        case 'refused':
          return reject(new RoleRefused(message.message))
        case 'notice':
          return options.onNotice(message.text)
        case 'problem':
          return options.onProblem(message.text)
        case 'change':
          return (options.onChange ?? options.onProblem)(message.text)
        case 'drained':
          return draining?.resolve()
        case 'reply': {
          const call = waiting.get(message.id)
          waiting.delete(message.id)
          if (message.ok) call?.resolve(message.value)
          else call?.reject(new Error(message.message))
        }
      }
    })
    worker.on('error', (error) => {
      lastError = messageOf(error)
    })
    worker.on('exit', () => {
      ended = true
      for (const call of waiting.values()) call.reject(new Error(`${options.name} stopped: ${lastError}`))
      waiting.clear()
      if (!started) reject(new Error(`${options.name} could not start: ${lastError}`))
      else if (draining === null) options.onLost(options.name, lastError)
      draining?.resolve()
    })
  })
}

/**
 * A thread that handles bytes fills its young generation so slowly that V8 collects everything before, for the buffers outside: 300
 * times in a million spans, half of the gateway's CPU. With a small one the buffers go when that is collected. The flags are read when
 * a thread makes its heap, and `resourceLimits` would give way to those of the command line.
 */
function startThread(options: RoleOptions<unknown>): Worker {
  const { module, data, name, transfer, tracing = null, handlesBytes = false } = options
  if (handlesBytes) setFlags(youngGeneration.small)
  const cache = process.env.NODE_COMPILE_CACHE ?? getCompileCacheDir()
  const worker = new Worker(module, {
    workerData: { data, tracing } satisfies ThreadData,
    name,
    // A thread does not inherit the cache of compiled modules, and reading TypeScript is most of its start.
    env: { ...process.env, ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: cache }) },
    ...(transfer ? { transferList: [...transfer] } : {}),
  })
  if (handlesBytes) {
    const restore = (): void => setFlags(commandLine(youngGeneration.small))
    worker.once('online', restore).once('error', restore)
  }
  return worker
}

function setFlags(flags: readonly string[]): void {
  for (const flag of flags) setFlagsFromString(flag)
}

/** The same flags as this process was started with; 0 is V8's own size. */
function commandLine(flags: readonly string[]): string[] {
  return flags.map((flag) => {
    const name = flag.slice(0, flag.indexOf('=') + 1)
    return process.execArgv.findLast((one) => one.startsWith(name)) ?? `${name}0`
  })
}
