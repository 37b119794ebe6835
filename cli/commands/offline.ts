/** `assay offline`: runs of offline evals, begun, looked at, paused, resumed and cancelled. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import type { z } from 'zod'
import {
  agreementResponseSchema,
  cancelledResponseSchema,
  type OfflineResponse,
  type OfflineRunJson,
  offlineResponseSchema,
  offlineRunSchema,
  offlineRunsResponseSchema,
  pausedResponseSchema,
  runResponseSchema,
} from '../../server/offline-schemas.ts'
import { MAX_RESULTS } from '../../server/parameters.ts'
import { type JudgingResponse, judgingResponseSchema, resultsResponseSchema } from '../../server/schemas.ts'
import { exitCodes } from '../exit-codes.ts'
import { agreementText } from '../offline/agreement-text.ts'
import { commonestErrorText } from '../offline/commonest-error.ts'
import { exitCodeOf } from '../offline/run-exit.ts'
import { judgingText, progressText, runsText, statusText, waitsText } from '../offline/text.ts'
import { type Answer, askApi, DEFAULT_SERVER, serverOf } from './ask-api.ts'
import { evalIdOf, runIdOf, withMeant } from './eval-id-of.ts'
import { printable } from './printable.ts'

interface Flags {
  json?: boolean
  server?: string
}
interface RunFlags extends Flags {
  now?: boolean
  since?: string
  until?: string
  follow?: boolean
}
interface RunsFlags extends Flags {
  limit?: string
}

const POLL_MS = 1_000
const STATUS_MS = 2_000
/** Whether its eval is paused, and how judging goes on, is asked once in so many looks at a run: they are questions about all evals. */
const LOOKS_BETWEEN = 10
/** Of a terminal: the line is written anew. */
const ANEW = '\r\u001b[K'
const CLEAR = '\u001b[H\u001b[2J'

export function registerOffline(program: Command): void {
  const offline = program
    .command('offline')
    .description('runs of offline evals: begin, look at, pause, resume, cancel')
    .addHelpText(
      'after',
      `
Examples:
  assay offline status
  assay offline run helpful --now
  assay offline watch
  assay offline watch helpful
  assay offline runs helpful
  assay offline cancel support/helpful@2026-01-31T0600Z
  assay offline pause helpful

EVAL is package/name, or the name alone; so is that of a RUN, EVAL@TIME. Runs are judged by the workers of the instance; results appear in assay results --run RUN.

Exit codes: 0 fine, 1 a run that was followed failed, was cancelled, left more subjects in error than it judged, or ended nobody
knows how, 2 usage, or no Assay answers.`,
    )
  const common = (command: Command): Command =>
    command
      .option('--json', 'print JSON instead of text')
      .option('--server <url>', `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER})`)

  common(offline.command('run <eval>'))
    .description('enqueue a run: of the latest slot of its schedule, or of now')
    .option('--now', 'over what has arrived by now, whenever its schedule says')
    .option('--since <when>', 'with --now: over traces that began since then: 7d, or 2026-01-31T09:00:00Z')
    .option('--until <when>', 'with --since: and before then (now)')
    .option('--follow', 'stay until it has ended')
    .addHelpText(
      'after',
      `
A slot is run once: where its run is there already it is told, and nothing is added. Each --now is a run of its own.

Examples:
  assay offline run helpful
  assay offline run helpful --now --follow
  assay offline run support/helpful --now --since 7d --until 1d`,
    )
    .action(async (name: string, flags: RunFlags) => {
      process.exitCode = await beginRun(name, flags)
    })

  common(offline.command('status'))
    .description(
      'each offline eval: when it runs, how its last run went, how far its judge agrees with people; judge providers that are out',
    )
    .action(async (flags: Flags) => {
      process.exitCode = await printStatus(flags, { agreement: 'true' })
    })

  common(offline.command('watch [run]'))
    .description(
      `the status again every ${STATUS_MS / 1_000} s until Ctrl-C; of one run, or of the latest of an eval, until it has ended`,
    )
    .action(async (run: string | undefined, flags: Flags) => {
      if (run === undefined) process.exitCode = await watchStatus(flags)
      else {
        const found = await runIdOf(serverOf(flags.server), run)
        process.exitCode = found.ok ? await follow(found.value.runId, flags) : usage(found.message)
      }
    })

  common(offline.command('runs [eval]'))
    .description('runs, newest first')
    .option('--limit <n>', `at most so many, 1 to ${MAX_RESULTS} (20)`)
    .action(async (name: string | undefined, flags: RunsFlags) => {
      const query: Record<string, string> = {}
      if (flags.limit !== undefined) query.limit = flags.limit
      if (name !== undefined) {
        const id = await evalIdOf(serverOf(flags.server), name)
        if (!id.ok) return void usage(id.message)
        query.eval = id.value
      }
      process.exitCode = await print(flags, 'v1/offline/runs', query, offlineRunsResponseSchema, ({ runs }) =>
        runsText(runs),
      )
    })

  for (const verb of ['pause', 'resume'] as const) {
    common(offline.command(`${verb} <eval>`))
      .description(
        verb === 'pause'
          ? 'no slots are run, and runs that are under way wait after the batches in hand'
          : 'go on: with the runs that waited, and the latest slot that was missed',
      )
      .action(async (name: string, flags: Flags) => {
        const id = await evalIdOf(serverOf(flags.server), name)
        if (!id.ok) return void usage(id.message)
        const path = `v1/evals/${id.value}/${verb}`
        const said = verb === 'pause' ? 'is paused' : 'goes on'
        const text = (one: { eval: string }): string => `${one.eval} ${said}.\n`
        process.exitCode = await print(flags, path, {}, pausedResponseSchema, text, { post: {}, evalId: id.value })
      })
  }

  common(offline.command('agreement <eval>'))
    .description('how far its judge agrees with labels of people, and its figures corrected by them')
    .action(async (name: string, flags: Flags) => {
      const id = await evalIdOf(serverOf(flags.server), name)
      if (!id.ok) return void usage(id.message)
      const path = `v1/evals/${id.value}/agreement`
      process.exitCode = await print(flags, path, {}, agreementResponseSchema, agreementText, { evalId: id.value })
    })

  common(offline.command('cancel <run>'))
    .description('leave what of a run has not begun; what is judged stays')
    .action(async (run: string, flags: Flags) => {
      const found = await runIdOf(serverOf(flags.server), run)
      if (!found.ok) return void usage(found.message)
      const { runId, isOfEval } = found.value
      // Which of its runs is not left to chance: one may have begun this second.
      if (isOfEval) return void usage(`${run} is an eval: name its run, the latest is ${runId}`)
      const path = `v1/offline/runs/${runId}/cancel`
      const text = (): string => `${runId} is cancelled: batches in hand end, the rest is left.\n`
      const evalId = evalOfRun(runId)
      process.exitCode = await print(flags, path, {}, cancelledResponseSchema, text, { post: {}, evalId })
    })
}

const evalOfRun = (runId: string): string => runId.slice(0, runId.indexOf('@'))

/** With `post` it posts that. `evalId`: whose name may be misspelt. */
async function print<T>(
  flags: Flags,
  path: string,
  query: Readonly<Record<string, string>>,
  schema: z.ZodType<T>,
  text: (value: T) => string,
  { post, evalId }: { post?: unknown; evalId?: string } = {},
): Promise<number> {
  const server = serverOf(flags.server)
  const answer = await askApi(server, path, query, schema, post)
  if (!answer.ok) return usage(evalId === undefined ? answer.message : await withMeant(server, evalId, answer.message))
  process.stdout.write(flags.json ? `${JSON.stringify(answer.value)}\n` : text(answer.value))
  return exitCodes.ok
}

async function beginRun(name: string, flags: RunFlags): Promise<number> {
  const { since, until } = flags
  if (!flags.now && (since !== undefined || until !== undefined))
    return usage('--since and --until go with --now: a slot has its own window')
  const server = serverOf(flags.server)
  const id = await evalIdOf(server, name)
  if (!id.ok) return usage(id.message)
  const request = {
    at: flags.now ? 'now' : 'slot',
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  }
  const begun = await askApi(server, `v1/evals/${id.value}/run`, {}, runResponseSchema, request)
  if (!begun.ok) return usage(await withMeant(server, id.value, begun.message))
  const { runId, known } = begun.value
  if (flags.json && !flags.follow) process.stdout.write(`${JSON.stringify(begun.value)}\n`)
  else if (!flags.json) {
    const paused = await isPaused(server, id.value)
    process.stdout.write(
      `${known ? `${runId} is there already.` : `${runId} is enqueued.`}${paused ? ` ${waitsText(id.value)}.` : ''}\n`,
    )
  }
  return flags.follow ? follow(runId, flags) : exitCodes.ok
}

/** Its runs wait until it goes on. False where that cannot be asked. */
async function isPaused(server: string, evalId: string): Promise<boolean> {
  const answer = await askApi(server, 'v1/offline', {}, offlineResponseSchema)
  return answer.ok && answer.value.evals.some((one) => one.eval === evalId && one.state === 'paused')
}

/** `query`: `agreement` takes the store its time where there are labels, so that a status that is asked for again and again has none. */
async function printStatus(flags: Flags, query: { agreement?: 'true' }, before = ''): Promise<number> {
  // In JSON it is a question of its own: GET /v1/judges.
  const judging = flags.json ? undefined : await askApi(serverOf(flags.server), 'v1/judges', {}, judgingResponseSchema)
  const said = judging?.ok === true ? judgingText(judging.value) : ''
  const text = (status: OfflineResponse): string => `${before}${said}${statusText(status)}`
  return print(flags, 'v1/offline', query, offlineResponseSchema, text)
}

async function watchStatus(flags: Flags): Promise<number> {
  const before = process.stdout.isTTY && !flags.json ? CLEAR : ''
  for (;;) {
    const code = await printStatus(flags, {}, before)
    if (code !== exitCodes.ok) return code
    await wait(STATUS_MS)
  }
}

const ENDED: ReadonlySet<OfflineRunJson['state']> = new Set(['done', 'failed', 'cancelled', 'unknown'])

/** Until it has ended. On a terminal a line that changes; elsewhere a line for each change. */
async function follow(runId: string, flags: Flags): Promise<number> {
  const isLive = process.stdout.isTTY && !flags.json
  let said = ''
  let waits = false
  let level: JudgingResponse['level'] = 'normal'
  for (let looks = 0; ; looks++) {
    const answer: Answer<OfflineRunJson> = await askApi(
      serverOf(flags.server),
      `v1/offline/runs/${runId}`,
      {},
      offlineRunSchema,
    )
    if (!answer.ok) return usage(await withMeant(serverOf(flags.server), evalOfRun(runId), answer.message))
    const run = answer.value
    const isEnd = ENDED.has(run.state)
    if (looks % LOOKS_BETWEEN === 0 && !isEnd && !flags.json) {
      waits = await isPaused(serverOf(flags.server), run.eval)
      const judging = await askApi(serverOf(flags.server), 'v1/judges', {}, judgingResponseSchema)
      // Once an outage, though its providers are tried again and again.
      if (judging.ok && judging.value.level !== level) {
        level = judging.value.level
        const outage = judgingText(judging.value).trimEnd()
        if (outage !== '') process.stdout.write(`${isLive ? ANEW : ''}${outage}\n`)
      }
    }
    const text = flags.json
      ? JSON.stringify(run)
      : `${run.state}: ${progressText(run)}${waits && !isEnd ? `; ${waitsText(run.eval)}` : ''}`
    if (isLive) process.stdout.write(`${ANEW}${text}${isEnd ? '\n' : ''}`)
    else if (text !== said) process.stdout.write(`${text}\n`)
    said = text
    if (isEnd) {
      if (!flags.json) for (const note of run.notes ?? []) process.stderr.write(`note: ${printable(note)}\n`)
      if (run.state === 'unknown')
        process.stderr.write(
          `assay offline: how ${runId} ended is not known: the queue has no state of it any more. See assay results --run ${runId}\n`,
        )
      const why = run.outcome.error > 0 && !flags.json ? await whyInError(serverOf(flags.server), runId) : null
      if (why !== null) process.stderr.write(`assay offline: ${why}. See assay results --run ${runId}\n`)
      if (run.error !== undefined && !flags.json) process.stderr.write(`assay offline: ${run.error}\n`)
      return exitCodeOf(run)
    }
    await wait(POLL_MS)
  }
}

/** Null where that cannot be asked. */
async function whyInError(server: string, runId: string): Promise<string | null> {
  const query = { run: runId, verdict: 'error', limit: `${MAX_RESULTS}` }
  const answer = await askApi(server, 'v1/results', query, resultsResponseSchema)
  return answer.ok ? commonestErrorText(answer.value.results) : null
}

function usage(message: string): number {
  process.stderr.write(`assay offline: ${message}\n`)
  process.exitCode = exitCodes.usage
  return exitCodes.usage
}
