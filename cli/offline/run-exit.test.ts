import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { OfflineRunJson } from '../../server/offline-schemas.ts'
import { runAssay } from '../../test/support/assay-process.ts'
import { exitCodeOf } from './run-exit.ts'

const nothing: OfflineRunJson['outcome'] = {
  alreadyJudged: 0,
  pass: 0,
  fail: 0,
  unknown: 0,
  error: 0,
  left: 0,
  overBudget: 0,
  cached: 0,
  orElse: 0,
  cheaper: 0,
  proxy: 0,
}

test.each<[OfflineRunJson['state'], Partial<OfflineRunJson['outcome']>, number]>([
  ['done', { pass: 50, fail: 7 }, 0],
  ['done', { fail: 57 }, 0],
  ['done', { pass: 50, error: 7 }, 0],
  ['done', { unknown: 30, overBudget: 30, error: 27 }, 0],
  ['done', { alreadyJudged: 30, error: 27 }, 0],
  ['done', {}, 0],
  ['done', { pass: 1, error: 56 }, 1],
  ['done', { error: 57 }, 1],
  ['cancelled', { pass: 57 }, 1],
  ['failed', { pass: 57 }, 1],
  ['unknown', { pass: 57 }, 1],
])('a run that ended as %s with %j exits with %i', (state, outcome, code) => {
  expect(exitCodeOf({ state, outcome: { ...nothing, ...outcome } })).toBe(code)
})

const run: OfflineRunJson = {
  runId: 'shop/helpful@2026-11-03T0600Z',
  eval: 'shop/helpful',
  trigger: 'manual',
  enqueuedAt: '2026-11-03T06:00:00.000Z',
  slot: '2026-11-03T06:00:00.000Z',
  state: 'done',
  sampled: 57,
  spentUsd: 0,
  batches: { all: 3, done: 3, failed: 0 },
  outcome: { ...nothing, pass: 1, error: 56 },
}

/** What answers every request with this, or by its path. */
async function withApi(
  answer: OfflineRunJson | ((path: string) => unknown),
  work: (server: string) => Promise<void>,
): Promise<void> {
  const api = createServer(({ url }, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(typeof answer === 'function' ? answer(url ?? '') : answer))
  })
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = api.address() as AddressInfo
    await work(`http://127.0.0.1:${port}`)
  } finally {
    await new Promise((resolve) => api.close(resolve))
  }
}

test('following a run whose end is not known says so, and ends with 1', async () => {
  await withApi({ ...run, state: 'unknown', outcome: { ...nothing, pass: 57 } }, async (server) => {
    const watched = await runAssay(['offline', 'watch', run.runId, '--server', server])
    expect(watched).toMatchObject({ code: 1, stdout: expect.stringMatching(/^unknown: 57 of 57 judged/) })
    expect(watched.stderr).toContain(`how ${run.runId} ended is not known`)
  })
})

test('following a run whose judge answered hardly anybody ends with 1', async () => {
  await withApi(run, async (server) => {
    const watched = await runAssay(['offline', 'watch', run.runId, '--server', server])
    expect(watched).toMatchObject({ code: 1, stdout: 'done: 57 of 57 done: 1 pass, 56 error\n' })
  })
})

test('of a run that is cancelled while batches are in hand, what it has so far is told', async () => {
  const cancelled: OfflineRunJson = { ...run, state: 'cancelled', outcome: { ...nothing, pass: 25 } }
  await withApi(cancelled, async (server) => {
    const watched = await runAssay(['offline', 'watch', run.runId, '--server', server])
    expect(watched).toMatchObject({ code: 1, stdout: 'cancelled: 25 of 57 judged so far: 25 pass\n' })
  })
  await withApi({ ...cancelled, endedAt: '2026-11-03T06:01:00.000Z' }, async (server) => {
    const watched = await runAssay(['offline', 'watch', run.runId, '--server', server])
    expect(watched).toMatchObject({ code: 1, stdout: 'cancelled: 25 of 57 judged: 25 pass\n' })
  })
})

test('a run whose judges are out says so while it is followed, and why its subjects are in error', async () => {
  const active: OfflineRunJson = { ...run, state: 'active', outcome: nothing }
  const judging = {
    level: 'cache_only',
    shared: true,
    providers: [
      {
        name: 'openai',
        breaker: 'open',
        outSince: '2026-11-03T06:00:00.000Z',
        lastFailure: { at: '2026-11-03T06:00:00.000Z', detail: '503 overloaded' },
      },
    ],
  }
  const result = {
    eval: run.eval,
    traceId: '1'.repeat(32),
    subject: 'trace',
    subjectTime: '2026-11-03T05:00:00.000Z',
    verdict: 'error',
    evidence: [],
    revision: 1,
    evaluatedAt: '2026-11-03T06:00:00.000Z',
    mode: 'live',
    measureHash: '',
    verdictHash: '',
  }
  const reasons = [...Array(2).fill('openai takes no calls: 503 overloaded'), 'no price']
  const results = reasons.map((detail) => ({ ...result, reason: { code: 'judge_unavailable', detail } }))
  let looks = 0
  const answers = (path: string): unknown => {
    if (path.startsWith('/v1/offline/runs/')) return looks++ === 0 ? active : run
    if (path.startsWith('/v1/judges')) return judging
    return path.startsWith(`/v1/results?run=${encodeURIComponent(run.runId)}&verdict=error`)
      ? { results }
      : { evals: [] }
  }
  await withApi(answers, async (server) => {
    const watched = await runAssay(['offline', 'watch', run.runId, '--server', server])
    expect(watched.code).toBe(1)
    expect(watched.stdout.split('\n')).toEqual([
      'judging is at level cache_only: all providers are out, and the cache answers, or a proxy',
      '  openai takes no calls, out since 2026-11-03 06:00 UTC (503 overloaded)',
      'active: 0 of 57 judged',
      'done: 57 of 57 done: 1 pass, 56 error',
      '',
    ])
    expect(watched.stderr).toBe(
      `assay offline: 2 of 3 in error: judge_unavailable: openai takes no calls: 503 overloaded. See assay results --run ${run.runId}\n`,
    )
  })
})

test('of a run of a paused eval it is told that it waits, and for what', async () => {
  const waiting: OfflineRunJson = {
    ...run,
    state: 'waiting',
    batches: { all: 0, done: 0, failed: 0 },
    outcome: nothing,
  }
  delete waiting.sampled
  const paused = {
    eval: run.eval,
    state: 'paused',
    schedule: { cron: '0 * * * *', timeZone: 'UTC' },
    pausedSince: '2026-11-03T05:00:00.000Z',
    nextRun: { judges: [] },
  }
  const done = { ...run, outcome: { ...nothing, pass: 57 } }
  let looks = 0
  const answers = (path: string): unknown => {
    if (path.endsWith('/run')) return { eval: run.eval, runId: run.runId }
    if (path.startsWith('/v1/offline/runs/')) return looks++ === 0 ? waiting : done
    return { evals: [paused] }
  }
  const remedy = 'shop/helpful is paused, and its runs wait: resume it by assay offline resume shop/helpful'
  await withApi(answers, async (server) => {
    const begun = await runAssay(['offline', 'run', run.eval, '--now', '--follow', '--server', server])
    expect(begun).toMatchObject({ code: 0, stderr: '' })
    expect(begun.stdout.split('\n')).toEqual([
      `${run.runId} is enqueued. ${remedy}.`,
      `waiting: its sample is not drawn yet; ${remedy}`,
      'done: 57 of 57 judged: 57 pass',
      '',
    ])
  })
})
