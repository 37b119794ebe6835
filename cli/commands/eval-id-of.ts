/** Names of evals and their runs as people write them. */
import { idNamed, nearestId } from '../../server/id-named.ts'
import { offlineRunsResponseSchema } from '../../server/offline-schemas.ts'
import { evalsResponseSchema } from '../../server/schemas.ts'
import { type Answer, askApi } from './ask-api.ts'

/** As it is where it names its package; else that of the eval in force that has this name. */
export async function evalIdOf(server: string, name: string): Promise<Answer<string>> {
  if (name.includes('/')) return { ok: true, value: name }
  const answer = await askApi(server, 'v1/evals', {}, evalsResponseSchema)
  if (!answer.ok) return answer
  const named = idNamed(
    'eval',
    name,
    answer.value.evals.map(({ id }) => id),
  )
  return named.ok ? { ok: true, value: named.id } : named
}

/** What is wrong with the id of an eval of which nothing was found; null if it is in force. */
export async function notInForce(server: string, evalId: string): Promise<string | null> {
  const answer = await askApi(server, 'v1/evals', {}, evalsResponseSchema)
  if (!answer.ok) return answer.message
  const ids = answer.value.evals.map(({ id }) => id)
  if (ids.includes(evalId)) return null
  const near = nearestId(evalId, ids)
  return `there is no eval ${evalId} in force, nor a result of it${near === null ? '' : `, did you mean \`${near}\`?`}`
}

/** What was refused of an eval, with the one that was meant where there is none of this name. */
export async function withMeant(server: string, evalId: string, refusal: string): Promise<string> {
  const answer = await askApi(server, 'v1/evals', {}, evalsResponseSchema)
  const ids = answer.ok ? answer.value.evals.map(({ id }) => id) : []
  const near = ids.includes(evalId) ? null : nearestId(evalId, ids)
  return near === null ? refusal : `${refusal.replace(/\.$/, '')}, did you mean \`${near}\`?`
}

/** Of a run's id, with the package of its eval or without; of an eval alone its latest run. */
export async function runIdOf(server: string, text: string): Promise<Answer<{ runId: string; isOfEval: boolean }>> {
  const at = text.indexOf('@')
  const id = await evalIdOf(server, at < 0 ? text : text.slice(0, at))
  if (!id.ok) return id
  if (at >= 0) return { ok: true, value: { runId: id.value + text.slice(at), isOfEval: false } }
  const answer = await askApi(server, 'v1/offline/runs', { eval: id.value, limit: '1' }, offlineRunsResponseSchema)
  if (!answer.ok) return answer
  const [latest] = answer.value.runs
  if (latest !== undefined) return { ok: true, value: { runId: latest.runId, isOfEval: true } }
  return { ok: false, message: (await notInForce(server, id.value)) ?? `${id.value} has no run yet` }
}
