/** `assay config`: what an `assay.yaml`, the environment and defaults come to. */
import type { Command } from 'commander'
import { collect } from './collect.ts'

export interface ConfigFlags {
  readonly config?: string
  readonly role?: string[]
  readonly fileOnly?: boolean
  readonly json?: boolean
}

export function registerConfig(program: Command): void {
  const config = program
    .command('config')
    .description('check an assay.yaml, and show the settings in force')
    .addHelpText(
      'after',
      `
Settings come from flags, the environment, an assay.yaml and defaults, in this order. The file is what --config or ASSAY_CONFIG
names, else the assay.yaml of this folder or above, up to the root of the repository. docs/configuration.md lists them all.

Examples:
  assay config check
  assay config check deploy/assay.yaml --role worker
  assay config check --file-only
  assay config show
  assay config show --json | jq '.settings[] | select(.source.kind != "default")'
  assay config schema > assay.schema.json

Exit codes: 0 fine, 1 the configuration has errors, 2 usage, or a file that is not there.`,
    )
  config
    .command('check')
    .description(
      'tell every mistake at once: in the file, the environment, and secrets that are not where they should be',
    )
    .argument('[file]', 'an assay.yaml (as --config)')
    .option('--role <role>', 'what assay serve ROLE needs, repeatable (what assay up needs)', collect)
    .option('--file-only', 'the file by itself: no environment is read and no secret looked up, as in CI')
    .option('--json', 'as JSON')
    .action(async (file: string | undefined, flags: ConfigFlags) => {
      const { checkConfig } = await import('../config/config-command.ts')
      process.exitCode = checkConfig(file, flags)
    })
  config
    .command('show')
    .description('print the settings in force, each with where it comes from; secrets are masked')
    .option('--config <file>', 'an assay.yaml (that of this folder or above; ASSAY_CONFIG)')
    .option('--role <role>', 'as assay serve ROLE has them, repeatable (as assay up has them)', collect)
    .option('--json', 'as JSON')
    .action(async (flags: ConfigFlags) => {
      const { showConfig } = await import('../config/config-command.ts')
      process.exitCode = showConfig(flags)
    })
  config
    .command('schema')
    .description('print the JSON Schema of assay.yaml, for editors')
    .action(async () => {
      const { configJsonSchema } = await import('../config/json-schema.ts')
      process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
    })
}
