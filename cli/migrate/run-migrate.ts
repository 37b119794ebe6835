import { messageOf } from '../../engine/message-of.ts'
import type { DataFolder } from '../../storage/data-folder.ts'
import { migrate, type SchemaOptions, type SchemaStatus, schemaStatus } from '../../storage/traces/migrate.ts'
import { connectEngine, type Engine } from '../../storage/traces/open.ts'
import { planSchema, type SchemaStep } from '../../storage/traces/schema-plan.ts'
import { storeErrorOf } from '../../storage/traces/store-errors.ts'
import { claimFolder } from '../claim-folder.ts'
import { lineOf } from '../config/problem.ts'
import { configPathOf, resolveSettings } from '../config/resolve-settings.ts'
import { tracesUrlOf } from '../config/sections/traces.ts'
import { type TablesSettings, tablesOf } from '../config/sections/traces-tables.ts'
import { exitCodes } from '../exit-codes.ts'
import { CannotStart } from '../roles/run-role.ts'

export interface MigrateFlags {
  dryRun?: boolean
  status?: boolean
  all?: boolean
  json?: boolean
  data?: string
  tracesUrl?: string
  config?: string
}

const DATABASE = 'assay'
const USES = new Set(['data', 'traces'])

/** The exit code. */
export async function runMigrate(flags: MigrateFlags): Promise<number> {
  const { dryRun = false, status = false, all = false, json = false } = flags
  if (dryRun && status) return fail(['--dry-run and --status are two questions: ask one of them'])
  const resolved = resolveSettings(
    {
      flags: { data: flags.data, tracesUrl: flags.tracesUrl },
      env: process.env,
      path: configPathOf(flags.config, process.env),
    },
    { uses: (key) => USES.has(key) },
  )
  if (!resolved.ok) return fail(resolved.problems.map(lineOf))
  const { traces, data } = resolved.config
  const tables = tablesOf(traces)
  if (dryRun && all) return printSteps(wholeSchema(tables), json)
  const url = tracesUrlOf(traces)
  if (url === null && tables.cluster !== null) {
    return fail(['ASSAY_TRACES_CLUSTER is for a ClickHouse server, which ASSAY_TRACES_URL names'])
  }
  let folder: DataFolder | null = null
  let engine: Engine | null = null
  try {
    if (url === null) folder = claimFolder(data)
    engine = await connectEngine(url === null ? { dataDir: folder?.path ?? data } : { url, limits: tables.limits })
    const options = { database: DATABASE, cluster: tables.cluster, retention: tables.retention, again: all }
    return await carryOut(engine, options, { dryRun, status, json })
  } catch (error) {
    if (error instanceof CannotStart) return fail([error.message])
    return fail([messageOf(engine === null ? error : storeErrorOf(error, engine.address))])
  } finally {
    await engine?.client.close()
    folder?.close()
  }
}

async function carryOut(
  { client }: Engine,
  options: SchemaOptions,
  { dryRun, status, json }: { dryRun: boolean; status: boolean; json: boolean },
): Promise<number> {
  if (dryRun) return printSteps((await schemaStatus(client, options)).pending, json)
  if (status) {
    const found = await schemaStatus(client, options)
    process.stdout.write(json ? `${JSON.stringify(found)}\n` : statusText(found))
    return found.pending.length === 0 ? exitCodes.ok : exitCodes.findings
  }
  const ran = await migrate(client, options)
  if (json) process.stdout.write(`${JSON.stringify({ database: options.database, ran })}\n`)
  else process.stdout.write(`${ranText(ran)}\n`)
  return exitCodes.ok
}

/** For a database that has nothing, by the settings alone. */
function wholeSchema({ cluster, retention }: TablesSettings): SchemaStep[] {
  const { storagePolicy } = retention
  const nothing = { serverVersion: '', hasRecords: false, applied: new Map(), tables: new Map(), columns: new Map() }
  return planSchema(nothing, {
    layout: { database: DATABASE, cluster, storagePolicy },
    retention: { settings: retention, storagePolicy },
    again: false,
  })
}

function printSteps(steps: readonly SchemaStep[], json: boolean): number {
  if (json) process.stdout.write(`${JSON.stringify({ database: DATABASE, pending: steps })}\n`)
  else if (steps.length === 0) process.stdout.write('-- There is nothing to do.\n')
  else process.stdout.write(sqlOf(steps))
  return exitCodes.ok
}

/** As a file of SQL, with what each statement is for. */
function sqlOf(steps: readonly SchemaStep[]): string {
  let last = ''
  let text = ''
  for (const { what, statement } of steps) {
    if (what !== last) text += `${text === '' ? '' : '\n'}-- ${what}\n`
    text += `${statement};\n`
    last = what
  }
  return text
}

function statusText({ database, serverVersion, migrations, storagePolicy, pending }: SchemaStatus): string {
  const lines = [
    `ClickHouse ${serverVersion}, database ${database}`,
    ...migrations.map(
      ({ version, name, appliedAt }) => `  ${version}  ${(appliedAt ?? 'not applied').padEnd(20)}  ${name}`,
    ),
    storagePolicy === null
      ? 'No storage policy with a cold volume: what is past its retention is deleted, and nothing moves.'
      : `Storage policy ${storagePolicy}.`,
    pending.length === 0
      ? 'There is nothing to do.'
      : `${pending.length} ${pending.length === 1 ? 'statement' : 'statements'} to run: assay migrate runs them, assay migrate --dry-run shows them.`,
  ]
  return `${lines.join('\n')}\n`
}

function ranText(ran: readonly SchemaStep[]): string {
  if (ran.length === 0) return 'The schema is up to date.'
  const done = [...new Set(ran.map(({ what }) => what))].map((what) => `  ${what}`)
  return `Done:\n${done.join('\n')}`
}

function fail(problems: readonly string[]): number {
  for (const problem of problems) process.stderr.write(`assay migrate: ${problem}\n`)
  return exitCodes.usage
}
