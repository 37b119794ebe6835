/** The attributes by which senders name users and sessions, in any convention: what an identifier's policy has to know. */
import { aiSdkFields } from './ai-sdk.ts'
import { langfuseFields } from './langfuse.ts'
import { langSmithFields } from './langsmith.ts'
import { mcpFields } from './mcp.ts'
import { openInferenceFields } from './openinference.ts'
import { openLlmetryFields } from './openllmetry.ts'
import { otelGenAiFields } from './otel-genai.ts'
import { pydanticAiFields } from './pydantic-ai.ts'
import { resourceFieldKeys } from './resource.ts'

const TABLES = [
  aiSdkFields,
  langfuseFields,
  langSmithFields,
  mcpFields,
  openInferenceFields,
  openLlmetryFields,
  otelGenAiFields,
  pydanticAiFields,
  resourceFieldKeys,
]

/** Every attribute that the field is read from. */
export const identifierKeys = (field: 'userId' | 'sessionId'): readonly string[] => [
  ...new Set(TABLES.flatMap((table) => table[field] ?? [])),
]
