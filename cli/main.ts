#!/usr/bin/env node
/** The `assay` command. Each subcommand is a file in `commands/`, loaded only when it is asked for, so that start-up stays short. */
import { runCli } from './program.ts'

await runCli(process.argv)
