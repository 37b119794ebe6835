/** `assay replay list`, `status` and `cancel`. */
import { serverOf } from '../commands/ask-api.ts'
import type { ReplayFlags } from '../commands/replay.ts'
import { exitCodes } from '../exit-codes.ts'
import { replayClient } from './client.ts'
import { refuse, show } from './run-replay.ts'
import { listLine, planLines } from './text.ts'

export async function listReplays({ server, json }: ReplayFlags): Promise<number> {
  const answer = await replayClient(serverOf(server)).list()
  if (!answer.ok) return refuse(answer.message)
  const { replays } = answer.value
  if (json) process.stdout.write(`${JSON.stringify(answer.value)}\n`)
  else if (replays.length === 0) process.stdout.write('No replays.\n')
  else process.stdout.write(`${replays.map(listLine).join('\n')}\n`)
  return exitCodes.ok
}

export async function showReplay(runId: string, { server, json }: ReplayFlags): Promise<number> {
  const client = replayClient(serverOf(server))
  const answer = await client.get(runId)
  if (!answer.ok) return refuse(answer.message)
  if (!json) {
    const lines = [listLine(answer.value), ...planLines(answer.value).map((line) => `  ${line}`)]
    process.stdout.write(`${lines.join('\n')}\n`)
  }
  await show(client, answer.value, json ?? false)
  return exitCodes.ok
}

export async function cancelReplay(runId: string, { server, json }: ReplayFlags): Promise<number> {
  const answer = await replayClient(serverOf(server)).stop(runId)
  if (!answer.ok) return refuse(answer.message)
  if (json) process.stdout.write(`${JSON.stringify(answer.value)}\n`)
  else process.stdout.write(`${runId} is stopped: assay replay --resume ${runId} goes on with it\n`)
  return exitCodes.ok
}
