/** `@assay/sdk`: OpenTelemetry for agents, sent to Assay, that never stands in the agent's way. */
export type { CourierStats } from './export/courier.ts'
export type { DropCounts, DropReason } from './export/drops.ts'
export { AssayExporter } from './export/exporter.ts'
export type { ExportOptions } from './export/options.ts'
export { defaultPriority, type Priority } from './export/priority.ts'
export { captureContent } from './genai/content.ts'
export { withSession, withUser } from './genai/identity.ts'
export {
  type AgentOptions,
  agent,
  type RetrievalOptions,
  type RetrievedDocument,
  retrieval,
  type ToolOptions,
  tool,
} from './genai/spans.ts'
export { assayOpenAI, type OpenAiOptions } from './openai/wrap.ts'
export type { Runtime } from './runtime.ts'
export type { SamplingOptions } from './sampling/sampler.ts'
export type { TailLimits } from './sampling/tail-window.ts'
export { AssaySpanProcessor, type AssaySpanProcessorOptions, type AssayStats } from './span-processor.ts'
export { type StartedAssay, type StartOptions, startAssay } from './start.ts'
export { VERSION } from './version.ts'
