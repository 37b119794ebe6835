import type { Command } from 'commander'

/** `assay lsp`: for editors, which start it themselves. */
export function registerLsp(program: Command): void {
  program
    .command('lsp')
    .description('the language server for editors, on standard input and output')
    .option('--stdio', 'speak on standard input and output, the one way there is', true)
    .option('--clientProcessId <pid>', 'end when this process ends')
    .addHelpText(
      'after',
      `
An editor starts it and speaks the Language Server Protocol with it; there is nothing to see in a terminal.
It tells what \`assay check\` tells, as one types, and completes, explains, finds, renames and formats.

Examples:
  VS Code    the extension in editors/vscode
  Neovim     vim.lsp.config('assay', { cmd = { 'assay', 'lsp' }, filetypes = { 'eval' } })
  Helix      language-server.assay = { command = "assay", args = ["lsp"] }

Exit codes: 0 after shutdown and exit, 1 when the editor went without a word.`,
    )
    .action(async () => {
      if (process.stdin.isTTY)
        process.stderr.write(
          'assay lsp: waiting for an editor on the standard input; Ctrl-C ends it, --help says how to set one up\n',
        )
      const { serve } = await import('../lsp/server.ts')
      serve(process.stdin, process.stdout)
    })
}
