/** `assay keys`: who may send traces, read, push, and be in charge. */
import { type Command, Option } from 'commander'
import type { KeyJson } from '../../server/schemas.ts'
import { isTenant, KEY_ROLES, type KeyRole } from '../../storage/access/principal.ts'
import { exitCodes } from '../exit-codes.ts'
import { type KeyOffice, openOffice } from '../keys/office.ts'
import type { Answer } from './ask-api.ts'
import { DEFAULT_SERVER } from './ask-api.ts'

interface Flags {
  server?: string
  data?: string
  logUrl?: string
  config?: string
  json?: boolean
  tenant?: string
  role?: KeyRole
  name?: string
  expiresInDays?: string
  all?: boolean
}

export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('make, list and revoke the keys of agents, people and CI')
    .addHelpText(
      'after',
      `
A key belongs to a tenant and has a role. Only its hash is stored: it is shown once, when it is made.

Roles:
  ingest   sends traces: what an agent gets
  viewer   reads traces, verdicts and definitions
  deploy   reads, and puts definitions in force: what CI gets for assay push
  editor   as deploy, and starts runs
  admin    everything in its tenant: keys, the audit log, dead letters

An Assay that listens on loopback alone asks this machine for no key; any other asks everyone. The first key is made where the
log can be opened: with --log-url, or with --data while nothing runs.

Examples:
  assay keys create --role ingest --name "support agent"
  assay keys create --role admin --tenant acme --log-url kafka://kafka:9092
  ASSAY_LOG_SASL_USERNAME=assay ASSAY_LOG_SASL_PASSWORD=… ASSAY_LOG_TLS=true \\
    assay keys create --role admin --log-url kafka://kafka:9093
  assay keys list
  assay keys revoke 4fGq0ZrB81Lx

Exit codes: 0 fine, 2 usage, or Assay refused.`,
    )
  const create = keys
    .command('create')
    .description('make a key and show it, this once')
    .addOption(new Option('--role <role>', 'what it may do').choices(KEY_ROLES).makeOptionMandatory())
    .option('--name <text>', 'what it is for')
    .option('--tenant <name>', 'whose it is: your own, unless you operate this Assay')
    .option('--expires-in-days <n>', 'refused after so many days (never)')
  withPlace(create).action(async (flags: Flags) => {
    process.exitCode = await run(flags, (office) => createOne(office, flags))
  })
  const list = keys
    .command('list')
    .description('those in force, newest first')
    .option('--all', 'revoked and expired ones too')
  withPlace(list).action(async (flags: Flags) => {
    process.exitCode = await run(flags, (office) => listAll(office, flags))
  })
  const revoke = keys
    .command('revoke')
    .description('refused everywhere within 5 s')
    .argument('<id>', 'as list shows it')
  withPlace(revoke).action(async (id: string, flags: Flags) => {
    process.exitCode = await run(flags, (office) => revokeOne(office, id, flags))
  })
}

const withPlace = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--server <url>',
        `the instance to ask (ASSAY_URL, or ${DEFAULT_SERVER}), with the key in ASSAY_KEY`,
      ).conflicts(['data', 'logUrl']),
    )
    .addOption(new Option('--data <folder>', 'of an instance that is not running').conflicts('logUrl'))
    .option(
      '--log-url <url>',
      "of the roles' log: kafka://host:9092, with the user and the certificates of their settings",
    )
    .option('--config <file>', 'with --log-url: where those settings are (assay.yaml here or above; ASSAY_CONFIG)')
    .option('--json', 'print one JSON object instead of text')

async function run(flags: Flags, act: (office: KeyOffice) => Promise<number>): Promise<number> {
  const office = await openOffice(flags)
  if (!office.ok) return fail(office.message)
  try {
    return await act(office.value)
  } finally {
    await office.value.close()
  }
}

function fail(message: string): number {
  process.stderr.write(`assay keys: ${message}\n`)
  return exitCodes.usage
}

async function createOne(office: KeyOffice, flags: Flags): Promise<number> {
  const { tenant, name = '', expiresInDays } = flags
  if (tenant !== undefined && !isTenant(tenant))
    return fail(`--tenant ${JSON.stringify(tenant)}: lower-case letters, digits, - and _, 63 at most`)
  const days = expiresInDays === undefined ? undefined : Number(expiresInDays)
  if (days !== undefined && !(days > 0 && days <= 3_650))
    return fail('--expires-in-days expects a number from 0 to 3650')
  const answer = await office.create({ role: flags.role!, name, tenant, expiresInDays: days })
  if (!answer.ok) return fail(answer.message)
  const { key, id, role, tenant: whose } = answer.value
  if (flags.json) return printJson(answer.value)
  process.stdout.write(`${key}\n`)
  process.stderr.write(`Key ${id} of tenant ${whose}, role ${role}. It is not shown again.\n`)
  return exitCodes.ok
}

async function listAll(office: KeyOffice, flags: Flags): Promise<number> {
  const answer = await office.list()
  if (!answer.ok) return fail(answer.message)
  const nowMs = Date.now()
  const keys = answer.value.filter((key) => flags.all === true || stateOf(key, nowMs) === 'in force')
  if (flags.json) return printJson({ keys })
  if (keys.length === 0) process.stdout.write('No keys: assay keys create makes one.\n')
  else process.stdout.write(tableOf(keys, nowMs))
  return exitCodes.ok
}

async function revokeOne(office: KeyOffice, id: string, flags: Flags): Promise<number> {
  const answer: Answer<KeyJson> = await office.revoke(id)
  if (!answer.ok) return fail(answer.message)
  if (flags.json) return printJson(answer.value)
  process.stdout.write(`Key ${id} is revoked.\n`)
  return exitCodes.ok
}

function printJson(value: unknown): number {
  process.stdout.write(`${JSON.stringify(value)}\n`)
  return exitCodes.ok
}

function stateOf({ revokedAt, expiresAt }: KeyJson, nowMs: number): string {
  if (revokedAt !== null) return `revoked ${revokedAt.slice(0, 10)}`
  if (expiresAt !== null && Date.parse(expiresAt) <= nowMs) return `expired ${expiresAt.slice(0, 10)}`
  return 'in force'
}

function tableOf(keys: readonly KeyJson[], nowMs: number): string {
  const rows = keys.map((key) => [
    key.id,
    key.tenant,
    key.role,
    key.createdAt.slice(0, 10),
    stateOf(key, nowMs),
    key.name,
  ])
  const all = [['id', 'tenant', 'role', 'created', 'state', 'name'], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
