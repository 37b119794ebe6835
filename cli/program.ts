import { Command, CommanderError } from 'commander'
import { exitCodes } from './exit-codes.ts'
import { VERSION } from './version.ts'

interface CommandModule {
  names: readonly string[]
  load: () => Promise<(program: Command) => void>
}

const modules: readonly CommandModule[] = [
  { names: ['up'], load: async () => (await import('./commands/up.ts')).registerUp },
  { names: ['init'], load: async () => (await import('./commands/init.ts')).registerInit },
  { names: ['check'], load: async () => (await import('./commands/check.ts')).registerCheck },
  { names: ['capture'], load: async () => (await import('./commands/capture.ts')).registerCapture },
  { names: ['explain'], load: async () => (await import('./commands/explain.ts')).registerExplain },
  { names: ['serve'], load: async () => (await import('./commands/serve.ts')).registerServe },
  { names: ['fmt'], load: async () => (await import('./commands/fmt.ts')).registerFormat },
  { names: ['test'], load: async () => (await import('./commands/test.ts')).registerTest },
  { names: ['diff'], load: async () => (await import('./commands/diff.ts')).registerDiff },
  { names: ['backtest'], load: async () => (await import('./commands/backtest.ts')).registerBacktest },
  { names: ['run'], load: async () => (await import('./commands/run.ts')).registerRun },
  { names: ['dlq'], load: async () => (await import('./commands/dlq.ts')).registerDeadLetters },
  { names: ['push'], load: async () => (await import('./commands/push.ts')).registerPush },
  { names: ['results'], load: async () => (await import('./commands/results.ts')).registerResults },
  { names: ['lsp'], load: async () => (await import('./commands/lsp.ts')).registerLsp },
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
  assay run evals/pii.eval --on traces.json evaluate a file on traces of OTLP JSON, protobuf or JSONL
  assay results --since 1h                  what the running instance found
  assay explain TRACE EVAL                  why a trace got its verdict
  assay capture TRACE                       a stored trace as a test, redacted

Exit codes: 0 fine, 1 findings or failed tests, 2 usage or configuration.`,
  )
  const wanted = args.find((arg) => !arg.startsWith('-'))
  if (wanted === undefined && (args.includes('-V') || args.includes('--version'))) return program
  const chosen = modules.filter((module) => wanted === undefined || wanted === 'help' || module.names.includes(wanted))
  for (const module of chosen.length > 0 ? chosen : modules) (await module.load())(program)
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
