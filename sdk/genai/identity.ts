/** Who is at work, carried by OpenTelemetry's context to every span that starts inside, those of other instrumentations included. */
import { type Attributes, type Context, context, createContextKey } from '@opentelemetry/api'

export interface Identity {
  agent?: { name: string; version?: string }
  sessionId?: string
  userId?: string
}

const KEY = createContextKey('assay.identity')

function identityOf(from: Context): Identity {
  // Only `withIdentity` writes under this key.
  return (from.getValue(KEY) as Identity | undefined) ?? {}
}

export function contextWithIdentity(identity: Identity, from: Context = context.active()): Context {
  return from.setValue(KEY, { ...identityOf(from), ...identity })
}

/** Attributes of a span that starts in this context. */
export function identityAttributes(from: Context): Attributes {
  const value = from.getValue(KEY) as Identity | undefined
  if (value === undefined) return {}
  const { agent, sessionId, userId } = value
  return {
    ...(agent !== undefined && { 'gen_ai.agent.name': agent.name }),
    ...(agent?.version !== undefined && { 'gen_ai.agent.version': agent.version }),
    ...(sessionId !== undefined && { 'gen_ai.conversation.id': sessionId }),
    ...(userId !== undefined && { 'user.id': userId }),
  }
}

/** Spans that start inside belong to this session (a conversation). */
export function withSession<T>(sessionId: string, work: () => T): T {
  return context.with(contextWithIdentity({ sessionId }), work)
}

/** Spans that start inside are for this user. Choose an id that names nobody, unless Assay masks it. */
export function withUser<T>(userId: string, work: () => T): T {
  return context.with(contextWithIdentity({ userId }), work)
}
