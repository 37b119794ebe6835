/** Runs seeds of the alert manager's days: `node test/simulation/alerts/run.ts FROM COUNT`. */
import { runCommand } from '../run-command.ts'
import { simulate } from './simulate.ts'

await runCommand(simulate)
