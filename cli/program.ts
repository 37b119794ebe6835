import { Command, CommanderError } from 'commander'
import { exitCodes } from './exit-codes.ts'
import { VERSION } from './version.ts'

interface CommandModule {
  readonly name: string
  /** Heading in the help. */
  readonly group: string
  readonly load: () => Promise<(program: Command) => void>
}

/** In the order of the help. */
const modules: readonly CommandModule[] = [
  { name: 'init', group: 'Write evals:', load: async () => (await import('./commands/init.ts')).registerInit },
  { name: 'check', group: 'Write evals:', load: async () => (await import('./commands/check.ts')).registerCheck },
  { name: 'fmt', group: 'Write evals:', load: async () => (await import('./commands/fmt.ts')).registerFormat },
  { name: 'test', group: 'Write evals:', load: async () => (await import('./commands/test.ts')).registerTest },
  { name: 'lsp', group: 'Write evals:', load: async () => (await import('./commands/lsp.ts')).registerLsp },
  { name: 'up', group: 'Run them:', load: async () => (await import('./commands/up.ts')).registerUp },
  { name: 'results', group: 'Run them:', load: async () => (await import('./commands/results.ts')).registerResults },
  { name: 'agents', group: 'Run them:', load: async () => (await import('./commands/agents.ts')).registerAgents },
  { name: 'alerts', group: 'Run them:', load: async () => (await import('./commands/alerts.ts')).registerAlerts },
  {
    name: 'scorecard',
    group: 'Run them:',
    load: async () => (await import('./commands/scorecard.ts')).registerScorecard,
  },
  {
    name: 'silence',
    group: 'Run them:',
    load: async () => (await import('./commands/silence.ts')).registerSilence,
  },
  { name: 'run', group: 'Run them:', load: async () => (await import('./commands/run.ts')).registerRun },
  { name: 'offline', group: 'Run them:', load: async () => (await import('./commands/offline.ts')).registerOffline },
  { name: 'label', group: 'Run them:', load: async () => (await import('./commands/label.ts')).registerLabel },
  { name: 'explain', group: 'Run them:', load: async () => (await import('./commands/explain.ts')).registerExplain },
  { name: 'judge', group: 'Run them:', load: async () => (await import('./commands/judge.ts')).registerJudge },
  { name: 'capture', group: 'Run them:', load: async () => (await import('./commands/capture.ts')).registerCapture },
  { name: 'diff', group: 'Change them:', load: async () => (await import('./commands/diff.ts')).registerDiff },
  {
    name: 'backtest',
    group: 'Change them:',
    load: async () => (await import('./commands/backtest.ts')).registerBacktest,
  },
  { name: 'replay', group: 'Change them:', load: async () => (await import('./commands/replay.ts')).registerReplay },
  { name: 'push', group: 'Change them:', load: async () => (await import('./commands/push.ts')).registerPush },
  { name: 'serve', group: 'Operate Assay:', load: async () => (await import('./commands/serve.ts')).registerServe },
  {
    name: 'forward',
    group: 'Operate Assay:',
    load: async () => (await import('./commands/forward.ts')).registerForward,
  },
  { name: 'keys', group: 'Operate Assay:', load: async () => (await import('./commands/keys.ts')).registerKeys },
  { name: 'usage', group: 'Operate Assay:', load: async () => (await import('./commands/usage.ts')).registerUsage },
  { name: 'config', group: 'Operate Assay:', load: async () => (await import('./commands/config.ts')).registerConfig },
  {
    name: 'migrate',
    group: 'Operate Assay:',
    load: async () => (await import('./commands/migrate.ts')).registerMigrate,
  },
  { name: 'verify', group: 'Operate Assay:', load: async () => (await import('./commands/verify.ts')).registerVerify },
  { name: 'backup', group: 'Operate Assay:', load: async () => (await import('./commands/backup.ts')).registerBackup },
  {
    name: 'restore',
    group: 'Operate Assay:',
    load: async () => (await import('./commands/backup.ts')).registerRestore,
  },
  { name: 'delete', group: 'Operate Assay:', load: async () => (await import('./commands/delete.ts')).registerDelete },
  { name: 'dlq', group: 'Operate Assay:', load: async () => (await import('./commands/dlq.ts')).registerDeadLetters },
]

/** The whole program for `--help`, or only the command that `args` names. */
async function buildProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('assay')
    .description('Evaluates LLM agents: typed .eval rules on live traces, judges on a schedule, alerts with evidence.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help of a command')
    .showHelpAfterError('(assay --help lists the commands)')
    .exitOverride()
  program.addHelpText(
    'after',
    `
Examples:
  assay init                                write a starter folder of evals, and a CI workflow
  assay up                                  run everything in one process tree, on embedded parts
  assay check evals                         parse and type-check .eval files
  assay fmt evals                           format them, in one style
  assay test evals                          run the tests in them, offline
  assay diff                                what a change of them means
  assay run evals --on traces.json          evaluate them on traces of OTLP JSON, protobuf or JSONL
  assay results --since 1h                  what the running instance found
  assay agents --watch                      what each agent does now
  assay explain TRACE EVAL                  why a trace got its verdict
  assay judge show EVAL TRACE               what a judge would be asked about it
  assay capture TRACE                       a stored trace as a test, redacted

Exit codes: 0 fine, 1 findings or failed tests, 2 usage or configuration.`,
  )
  const wanted = args.find((arg) => !arg.startsWith('-'))
  if (wanted === undefined && (args.includes('-V') || args.includes('--version'))) return program
  const chosen = modules.filter((module) => wanted === undefined || wanted === 'help' || module.name === wanted)
  for (const { name, group, load } of chosen.length > 0 ? chosen : modules) {
    const register = await load()
    register(program)
    program.commands.find((command) => command.name() === name)?.helpGroup(group)
  }
  return program
}

/** Runs the command line. Sets `process.exitCode`; a usage error is 2. */
export async function runCli(argv: readonly string[]): Promise<void> {
  const program = await buildProgram(argv.slice(2))
  // A command that prints much, into `head` say, ends quietly when its reader has gone.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok)
    throw error
  })
  try {
    for (const command of program.commands) {
      command.exitOverride().showHelpAfterError(`(assay ${command.name()} --help lists what it takes)`)
    }
    await program.parseAsync([...argv])
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  }
}
