/** A running Assay that holds what the example's agent did: for the browser's tests and the screenshots. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type AssayProcess, startAssay } from './assay-process.ts'
import { freePort } from './free-port.ts'

const root = join(import.meta.dirname, '..', '..')
const EXAMPLE_MS = 90_000

/** Settings of the machine must not decide what is shown. */
const isForeign = (name: string): boolean => /^(ASSAY_|OPENAI_|OTEL_|SUPPORT_AGENT_)/.test(name) || name === 'REDIS_URL'

export interface ExampleAssay {
  readonly assay: AssayProcess
  /** Where judges are asked. Nobody answers there but the agent, while it answers. */
  readonly modelPort: number
  /** Lets the agent answer its six customers once more. */
  answer(): Promise<void>
}

/** `moreEvals`: files beside the example's own. `dataDir`: what was there before; nothing unless given. */
export async function startExampleAssay(
  moreEvals: readonly string[] = [],
  dataDir = ':memory:',
): Promise<ExampleAssay> {
  const [modelPort, slackPort] = [await freePort(), await freePort()]
  const assay = await startAssay({
    dataDir,
    evals: [join(root, 'evals'), join(root, 'examples', 'support-agent', 'evals'), ...moreEvals],
    env: {
      ASSAY_OPENAI_BASE_URL: `http://127.0.0.1:${modelPort}/v1`,
      ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1',
      ASSAY_SLACK_WEBHOOK_URL: `http://127.0.0.1:${slackPort}/services/example`,
    },
  })
  const answer = async (): Promise<void> => {
    const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForeign(name)))
    const file = join(root, 'examples', 'support-agent', 'main.ts')
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
      env: {
        ...own,
        ASSAY_URL: assay.apiUrl,
        OTEL_EXPORTER_OTLP_ENDPOINT: assay.tracesUrl.replace(/\/v1\/traces$/, ''),
        SUPPORT_AGENT_MODEL_PORT: String(modelPort),
        SUPPORT_AGENT_SLACK_PORT: String(slackPort),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    const timer = setTimeout(() => child.kill('SIGKILL'), EXAMPLE_MS)
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    clearTimeout(timer)
    if (code !== 0) throw new Error(`the example ended with ${code}:\n${output}`)
  }
  return { assay, modelPort, answer }
}
