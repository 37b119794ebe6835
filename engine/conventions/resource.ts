/** What a resource says about all spans of its process. */
import type { RawResource } from '../otlp/decode.ts'
import { asText } from './values.ts'

export interface ResourceFields {
  /** Named as an agent, which comes before what a span of ours is merely called. */
  readonly agentName: string | undefined
  readonly serviceName: string | undefined
  readonly agentVersion: string | undefined
  readonly env: string | undefined
  readonly sessionId: string | undefined
  readonly userId: string | undefined
}

const AGENT_NAME = ['gen_ai.agent.name', 'agent.name']
const AGENT_VERSION = ['gen_ai.agent.version', 'service.version']
const ENV = ['deployment.environment.name', 'deployment.environment']
export const resourceFieldKeys = {
  sessionId: ['gen_ai.conversation.id', 'session.id'],
  userId: ['enduser.id', 'user.id'],
} as const

export function resourceFields(resource: RawResource): ResourceFields {
  const first = (keys: readonly string[]): string | undefined => {
    for (const key of keys) {
      const text = asText(resource.attributes.get(key))
      if (text !== undefined) return text
    }
    return undefined
  }
  const serviceName = first(['service.name'])
  return {
    agentName: first(AGENT_NAME),
    // The SDKs' default for a service that nobody named.
    serviceName: serviceName?.startsWith('unknown_service') ? undefined : serviceName,
    agentVersion: first(AGENT_VERSION),
    env: first(ENV),
    sessionId: first(resourceFieldKeys.sessionId),
    userId: first(resourceFieldKeys.userId),
  }
}
