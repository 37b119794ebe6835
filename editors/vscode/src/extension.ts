/** Starts `assay lsp` for `.eval` files. Everything about the language is in the server. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { commands, type ExtensionContext, window, workspace } from 'vscode'
import { LanguageClient, type ServerOptions } from 'vscode-languageclient/node'

const SECTION = 'assay'
const INSTALL = 'Install Assay in the project, or set `assay.path` to the command.'

let client: LanguageClient | null = null
/** One start or stop at a time: settings may change while one is under way. */
let turn: Promise<void> = Promise.resolve()

export function activate(context: ExtensionContext): Promise<void> {
  const output = window.createOutputChannel('Assay', { log: true })
  const restart = (): Promise<void> => {
    turn = turn.then(stop).then(() => start(output))
    return turn
  }
  context.subscriptions.push(
    output,
    commands.registerCommand('assay.restart', restart),
    commands.registerCommand('assay.showOutput', () => output.show()),
    workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(`${SECTION}.path`) || event.affectsConfiguration(`${SECTION}.arguments`))
        void restart()
    }),
    workspace.onDidGrantWorkspaceTrust(() => void restart()),
  )
  return restart()
}

export function deactivate(): Promise<void> {
  turn = turn.then(stop)
  return turn
}

async function start(output: ReturnType<typeof window.createOutputChannel>): Promise<void> {
  // The command may be a file of the workspace: whoever does not trust that runs none of it.
  if (!workspace.isTrusted) return
  const started = new LanguageClient(SECTION, 'Assay', server(), {
    documentSelector: [{ language: 'eval' }],
    outputChannel: output,
  })
  client = started
  try {
    await started.start()
  } catch (error) {
    client = null
    const choice = 'Show output'
    output.appendLine(String(error))
    void window.showErrorMessage(`\`${command()}\` does not start. ${INSTALL}`, choice).then((chosen) => {
      if (chosen === choice) output.show()
    })
  }
}

async function stop(): Promise<void> {
  const running = client
  client = null
  await running?.stop().catch(() => undefined)
}

function server(): ServerOptions {
  const args = workspace.getConfiguration(SECTION).get<string[]>('arguments') ?? ['lsp', '--stdio']
  // Windows starts `assay.cmd` by a shell alone.
  return { command: command(), args, options: { shell: process.platform === 'win32' } }
}

function command(): string {
  const configured = workspace.getConfiguration(SECTION).get<string>('path') ?? ''
  if (configured !== '') return configured
  const name = process.platform === 'win32' ? 'assay.cmd' : 'assay'
  const local = (workspace.workspaceFolders ?? []).map((folder) =>
    join(folder.uri.fsPath, 'node_modules', '.bin', name),
  )
  return local.find((path) => existsSync(path)) ?? 'assay'
}
