import { CodeBlock } from '../../parts/code-block.tsx'
import { Empty } from '../../parts/empty.tsx'

export function NothingYet() {
  return (
    <Empty title="No agent has sent anything in the last hour">
      <p>Assay takes OpenTelemetry traces, with the GenAI or the OpenInference conventions. Point your agent at it:</p>
      <CodeBlock label="Settings of the exporter">{`export OTEL_EXPORTER_OTLP_ENDPOINT=http://${location.hostname}:4318
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`}</CodeBlock>
      <p>Or let the example answer six customers:</p>
      <CodeBlock label="Command of the example">npm run example</CodeBlock>
      <p>Agents, their verdicts and the evidence show up here within a second.</p>
    </Empty>
  )
}
