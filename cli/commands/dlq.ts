/** `assay dlq`: records that could not be used, and what to do with them. */
import type { Command } from 'commander'
import { z } from 'zod'
import {
  type DeadLetterJson,
  deadLetterDetailSchema,
  deadLettersResponseSchema,
  settledDeadLettersSchema,
  skippedRecordsSchema,
} from '../../server/schemas.ts'
import { exitCodes } from '../exit-codes.ts'
import { askApi, DEFAULT_SERVER, serverOf } from './ask-api.ts'

interface Flags {
  server?: string
  json?: boolean
  state?: string
  limit?: string
  payload?: boolean
  all?: boolean
}

const SERVER: readonly [string, string] = ['--server <url>', `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER})`]

export function registerDeadLetters(program: Command): void {
  const dlq = program
    .command('dlq')
    .description('look at records that could not be used; replay or drop them')
    .addHelpText(
      'after',
      `
A record that cannot be read, stored or delivered is put aside with its reason, and the rest goes on. An outage puts nothing aside.

Examples:
  assay dlq list
  assay dlq show 12
  assay dlq replay 12 13
  assay dlq drop --all
  assay dlq skip agent-traces/3/1200

Exit codes: 0 fine, 1 there are dead letters waiting (list), 2 usage, or no Assay answers.`,
    )
  dlq
    .command('list')
    .description('newest first')
    .option('--state <state>', 'waiting, replayed, dropped or all', 'waiting')
    .option('--limit <n>', 'at most so many', '100')
    .option(...SERVER)
    .option('--json', 'print one JSON object instead of text')
    .action(async (flags: Flags) => {
      process.exitCode = await list(flags)
    })
  dlq
    .command('show')
    .description('one of them, with what it holds')
    .argument('<id>')
    .option('--payload', 'write the record itself, as it was, to standard output')
    .option(...SERVER)
    .option('--json', 'print one JSON object instead of text')
    .action(async (id: string, flags: Flags) => {
      process.exitCode = await show(id, flags)
    })
  dlq
    .command('skip')
    .description('let records go that the log itself cannot read, so that reading goes on behind them')
    .argument('<place...>', 'topic/partition/offset, as the log told it')
    .option(...SERVER)
    .option('--json', 'print one JSON object a place instead of text')
    .addHelpText(
      'after',
      `
A batch of records whose checksum is wrong holds up its partition alone, and is read again until another replica has it whole. Where
none has, this goes on without it: its bytes are kept as a dead letter, and its records are lost to every group. It is
refused where the records can be read.

Example:
  assay dlq skip agent-traces/3/1200`,
    )
    .action(async (places: string[], flags: Flags) => {
      process.exitCode = await skip(places, flags)
    })
  for (const action of ['replay', 'drop'] as const) {
    dlq
      .command(action)
      .description(action === 'replay' ? 'append them to their topic again' : 'ask about them no more')
      .argument('[ids...]')
      .option('--all', 'every one that waits')
      .option(...SERVER)
      .action(async (ids: string[], flags: Flags) => {
        process.exitCode = await settle(action, ids, flags)
      })
  }
}

function fail(message: string): number {
  process.stderr.write(`assay dlq: ${message}\n`)
  return exitCodes.usage
}

async function list(flags: Flags): Promise<number> {
  const query = { state: flags.state ?? 'waiting', limit: flags.limit ?? '100' }
  const answer = await askApi(serverOf(flags.server), 'v1/dead-letters', query, deadLettersResponseSchema)
  if (!answer.ok) return fail(answer.message)
  const { deadLetters, total } = answer.value
  if (flags.json) process.stdout.write(`${JSON.stringify(answer.value)}\n`)
  else if (total === 0) process.stdout.write(`No dead letters${query.state === 'all' ? '' : ` ${query.state}`}.\n`)
  else {
    for (const letter of deadLetters) process.stdout.write(`${lineOf(letter)}\n`)
    if (total > deadLetters.length) process.stdout.write(`… and ${total - deadLetters.length} more (--limit)\n`)
  }
  return deadLetters.some(({ state }) => state === 'waiting') ? exitCodes.findings : exitCodes.ok
}

const lineOf = ({ id, at, state, code, source, sizeBytes, reason }: DeadLetterJson): string =>
  `${String(id).padStart(6)}  ${at}  ${state.padEnd(8)}  ${code.padEnd(13)}  ${source}  ${sizeBytes} B  ${reason}`

async function show(id: string, flags: Flags): Promise<number> {
  const answer = await askApi(
    serverOf(flags.server),
    `v1/dead-letters/${encodeURIComponent(id)}`,
    {},
    deadLetterDetailSchema,
  )
  if (!answer.ok) return fail(answer.message)
  const { valueBase64, headers, ...letter } = answer.value
  const value = Buffer.from(valueBase64, 'base64')
  if (flags.payload) process.stdout.write(value)
  else if (flags.json) process.stdout.write(`${JSON.stringify(answer.value)}\n`)
  else {
    for (const [name, shown] of Object.entries({ ...letter, ...headers }))
      process.stdout.write(`${name.padEnd(10)} ${shown}\n`)
    process.stdout.write(`\n${excerpt(value)}\n`)
  }
  return exitCodes.ok
}

const EXCERPT_BYTES = 512

/** Of what may be any bytes: printable as they are, others as dots. */
function excerpt(value: Buffer): string {
  const shown = value
    .subarray(0, EXCERPT_BYTES)
    .toString('latin1')
    .replaceAll(/[^\x20-\x7e]/g, '.')
  return value.length > EXCERPT_BYTES ? `${shown} … (${value.length} bytes in all: --payload writes them)` : shown
}

async function skip(places: readonly string[], flags: Flags): Promise<number> {
  for (const source of places) {
    const answer = await askApi(serverOf(flags.server), 'v1/dead-letters/skip', {}, skippedRecordsSchema, { source })
    if (!answer.ok) return fail(answer.message)
    const { id, topic, partition, from, to } = answer.value
    process.stdout.write(
      flags.json
        ? `${JSON.stringify(answer.value)}\n`
        : `${topic}/${partition}: records ${from} to ${to - 1} are skipped; their bytes are dead letter ${id}\n`,
    )
  }
  return exitCodes.ok
}

async function settle(action: 'replay' | 'drop', ids: readonly string[], flags: Flags): Promise<number> {
  const server = serverOf(flags.server)
  if ((flags.all ?? false) === ids.length > 0) return fail(`name the dead letters to ${action}, or --all of them`)
  const done = (id: string | number): boolean =>
    process.stdout.write(`${id} ${action === 'replay' ? 'replayed' : 'dropped'}\n`)
  if (flags.all) {
    const answer = await askApi(server, `v1/dead-letters/${action}`, {}, settledDeadLettersSchema, {})
    if (!answer.ok) return fail(answer.message)
    for (const id of answer.value.ids) done(id)
    if (answer.value.ids.length === 0) process.stdout.write('No dead letters waiting.\n')
    return exitCodes.ok
  }
  for (const id of ids) {
    const path = `v1/dead-letters/${encodeURIComponent(id)}/${action}`
    const answer = await askApi(server, path, {}, z.object({ id: z.int() }), {})
    if (!answer.ok) return fail(answer.message)
    done(id)
  }
  return exitCodes.ok
}
