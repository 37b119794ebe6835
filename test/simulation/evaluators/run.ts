/** Runs seeds of the alert evaluators' afternoons: `node test/simulation/evaluators/run.ts FROM COUNT`. */
import { runCommand } from '../run-command.ts'
import { simulate } from './simulate.ts'

await runCommand(simulate)
