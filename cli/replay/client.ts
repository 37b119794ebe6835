/** The API's side of replays, as the command line asks it. */
import { z } from 'zod'
import {
  type ReplayComparison,
  type ReplayJson,
  type ReplayPlanJson,
  replayComparisonSchema,
  replayPlanSchema,
  replaySchema,
  replaysResponseSchema,
} from '../../server/schemas.ts'
import { type Answer, askApi } from '../commands/ask-api.ts'

export interface ReplayClient {
  ask(body: unknown): Promise<Answer<ReplayJson | ReplayPlanJson>>
  list(): Promise<Answer<{ replays: ReplayJson[] }>>
  get(runId: string): Promise<Answer<ReplayJson>>
  compare(runId: string): Promise<Answer<ReplayComparison>>
  stop(runId: string): Promise<Answer<ReplayJson>>
  resume(runId: string): Promise<Answer<ReplayJson>>
}

const askedSchema = z.union([replayPlanSchema, replaySchema])

export function replayClient(server: string): ReplayClient {
  const path = (runId: string, rest = ''): string => `v1/replays/${encodeURIComponent(runId)}${rest}`
  return {
    ask: (body) => askApi(server, 'v1/replays', {}, askedSchema, body),
    list: () => askApi(server, 'v1/replays', {}, replaysResponseSchema),
    get: (runId) => askApi(server, path(runId), {}, replaySchema),
    compare: (runId) => askApi(server, path(runId, '/comparison'), {}, replayComparisonSchema),
    stop: (runId) => askApi(server, path(runId, '/stop'), {}, replaySchema, {}),
    resume: (runId) => askApi(server, path(runId, '/resume'), {}, replaySchema, {}),
  }
}
