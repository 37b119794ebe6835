/** The example as a person runs it: as a process, alone, and beside a running Assay. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startAssay } from './support/assay-process.ts'
import { freePort } from './support/free-port.ts'

const root = join(import.meta.dirname, '..')
const EXAMPLE_MS = 60_000

interface Outcome {
  code: number | null
  output: string
}

/** Settings of the machine must not decide what is tested. */
const isForeign = (name: string): boolean => /^(ASSAY_|OPENAI_|OTEL_|SUPPORT_AGENT_)/.test(name) || name === 'REDIS_URL'

function runExample(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForeign(name)))
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'examples', 'support-agent', 'main.ts'), ...args],
    { env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const timer = setTimeout(() => child.kill('SIGKILL'), EXAMPLE_MS)
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code, output })
    })
  })
}

/** What the example promises, wherever its traces go. */
function expectWhole({ code, output }: Outcome): void {
  expect(code, output).toBe(0)
  expect(output).toMatch(/support\/fast +FAIL +slow answer +took \d+\.\d s/)
  expect(output).toMatch(/support\/no_pii +FAIL +leaked address +output\.text: m\*+@\S+ \(pii\.email\)/)
  expect(output).toMatch(/support\/no_pii +UNKNOWN +no capture +not_captured: output\.text/)
  expect(output).toMatch(/support\/tool_budget +FAIL +tool loop/)
  expect(output).toMatch(/support\/helpful +PASS +order status +score 5/)
  expect(output).toMatch(/support\/helpful +FAIL +tool loop +score 1/)
  expect(output).toMatch(/Posted to Slack \d+\.\d s after the answer/)
  expect(output).toContain('Firing: The support agent gave away personal data')
  expect(output).toMatch(/Stored as: +Your return is handled by Maria\. Please write to \*+\./)
  // Nowhere but in the line of the conversation itself is the address to be seen.
  const lines = output.split('\n').filter((line) => line.includes('maria.lopez'))
  expect(lines.every((line) => /^ +leaked address +\d+\.\d s/.test(line))).toBe(true)
}

describe('npm run example', () => {
  test.concurrent('alone, it starts an Assay and shows everything', { timeout: 90_000 }, async () => {
    const outcome = await runExample(['--standalone'], {})
    expectWhole(outcome)
    expect(outcome.output).toContain('(for this example, in a temporary folder)')
    // Nobody answers there any more.
    expect(outcome.output).toContain('The Assay of this example stops now')
    expect(outcome.output).not.toContain('Look further')
  })

  test.concurrent('with an Assay running that has its evals, it uses that', { timeout: 90_000 }, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'assay-example-test-'))
    const [modelPort, slackPort] = [await freePort(), await freePort()]
    const assay = await startAssay({
      dataDir,
      evals: [join(root, 'examples', 'support-agent', 'evals')],
      env: {
        ASSAY_OPENAI_BASE_URL: `http://127.0.0.1:${modelPort}/v1`,
        ASSAY_ALERTS_ALLOW_PRIVATE: '127.0.0.1',
        ASSAY_SLACK_WEBHOOK_URL: `http://127.0.0.1:${slackPort}/services/example`,
      },
    })
    try {
      const outcome = await runExample([], {
        ASSAY_URL: assay.apiUrl,
        OTEL_EXPORTER_OTLP_ENDPOINT: assay.tracesUrl.replace(/\/v1\/traces$/, ''),
        SUPPORT_AGENT_MODEL_PORT: String(modelPort),
        SUPPORT_AGENT_SLACK_PORT: String(slackPort),
      })
      expectWhole(outcome)
      expect(outcome.output).toContain(`results --since 10m --server ${assay.apiUrl}`)
      expect(outcome.output).toContain(`${assay.apiUrl}  (running)`)
    } finally {
      await assay.stop()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })

  test.concurrent('with an Assay running that lacks its evals, it says so and shows both', {
    timeout: 90_000,
  }, async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'assay-example-test-'))
    const assay = await startAssay({ dataDir })
    try {
      const outcome = await runExample([], {
        ASSAY_URL: assay.apiUrl,
        OTEL_EXPORTER_OTLP_ENDPOINT: assay.tracesUrl.replace(/\/v1\/traces$/, ''),
      })
      expectWhole(outcome)
      expect(outcome.output).toContain("does not have the example's evals in force")
      expect(outcome.output).toMatch(/What the evals of your running Assay say[\s\S]*pii\/no_pii +FAIL +leaked address/)
    } finally {
      await assay.stop()
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})
