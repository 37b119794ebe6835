/** Names of evals as people write them. */
import { didYouMean } from '../../dsl/suggest.ts'
import { evalsResponseSchema } from '../../server/schemas.ts'
import { type Answer, askApi } from './ask-api.ts'

/** As it is where it names its package; else that of the eval in force that has this name. */
export async function evalIdOf(server: string, name: string): Promise<Answer<string>> {
  if (name.includes('/')) return { ok: true, value: name }
  const answer = await askApi(server, 'v1/evals', {}, evalsResponseSchema)
  if (!answer.ok) return answer
  const ids = answer.value.evals.map(({ id }) => id)
  const found = ids.filter((id) => id.endsWith(`/${name}`))
  const [only] = found
  if (only !== undefined && found.length === 1) return { ok: true, value: only }
  if (found.length > 1) return { ok: false, message: `which ${name}: ${found.join(' or ')}?` }
  return { ok: false, message: `there is no eval ${name} in force${didYouMean(name, ids)}` }
}
