#!/usr/bin/env node
/** The `assay` command. Each subcommand is a file in `commands/`, loaded only when it is asked for, so that start-up stays short. */
import { enableCompileCache } from 'node:module'

// Before anything of ours is loaded: reading TypeScript takes longer than most commands do.
enableCompileCache()
const { runCli } = await import('./program.ts')
await runCli(process.argv)
