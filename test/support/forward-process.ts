/** Starts `assay forward` as a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ForwarderStats } from '../../ingest/forward/forwarder.ts'
import { nodeFlagsFor } from '../../scripts/node-flags.mjs'
import { cliFile } from './serve-process.ts'

export interface ForwardProcess {
  readonly pid: number
  /** Where OTLP over HTTP is taken. */
  readonly url: string
  readonly tracesUrl: string
  readonly grpcUrl: string
  output(): string
  health(): Promise<ForwarderStats>
  /** SIGTERM, then the exit code. */
  stop(): Promise<number | null>
  kill(): Promise<void>
}

/** Ports are free ones. */
export async function startForward(args: readonly string[]): Promise<ForwardProcess> {
  const command = ['forward', '--otlp-http-port', '0', '--otlp-grpc-port', '0', ...args]
  const child = spawn(process.execPath, [...nodeFlagsFor(command), cliFile, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const ready = Promise.withResolvers<RegExpExecArray>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      const found = /"otlpHttpPort":(\d+),"otlpGrpcPort":(\d+)/.exec(output)
      if (found !== null) ready.resolve(found)
    })
  }
  void ended.then((code) => ready.reject(new Error(`assay forward ended with ${code}:\n${output}`)))
  const [, httpPort, grpcPort] = await ready.promise
  const url = `http://127.0.0.1:${httpPort}`
  return {
    pid: child.pid ?? 0,
    url,
    tracesUrl: `${url}/v1/traces`,
    grpcUrl: `http://127.0.0.1:${grpcPort}`,
    output: () => output,
    health: async () => ((await (await fetch(`${url}/health`)).json()) as { forward: ForwarderStats }).forward,
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
