/** What subscribers may count on, over each log: run against the real one, with two instances of the API on it. */
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { sampleMessage } from '../../alerting/receivers/sample.ts'
import type { StreamEvent } from '../../client/api.ts'
import { ApiProblem } from '../../client/request.ts'
import { type SubscribeOptions, type SubscribeQuery, subscribe } from '../../client/subscribe.ts'
import { EMPTY_PLAN } from '../../dsl/packages.ts'
import { planOf } from '../../dsl/testing.ts'
import { makeResult, type ResultFields } from '../../engine/model/make-result.ts'
import { transcodeJson } from '../../engine/otlp/json.ts'
import { compileRedaction } from '../../engine/redact/redact.ts'
import { type Api, startApi } from '../../server/api.ts'
import type { ApiContext } from '../../server/api-context.ts'
import { createGate } from '../../storage/access/gate.ts'
import type { Keys } from '../../storage/access/keys.ts'
import { openKeys } from '../../storage/access/keys.ts'
import type { TailedLog } from '../../storage/log/port.ts'
import { AGENT_TRACES, ALERTS, alertTopics, EVAL_RESULTS, onlineTopicsFor } from '../../storage/log/topics.ts'
import { resultRecords } from '../../workers/online/result-records.ts'

const CANARY = 'house-4711'
const plan = planOf(`package shop
pattern code = /house-[0-9]+/
online eval rule {
  on:      llm_call
  pass:    not (output.text matches code)
  missing: unknown
  redact:  output.text
}
`)

const hex = (id: number, digits: number): string => id.toString(16).padStart(digits, '0')

interface SentSpan {
  readonly id: number
  readonly operation?: 'chat' | 'execute_tool'
  readonly output?: string
  /** Of a span of its own trace unless told. */
  readonly trace?: number
  readonly parent?: number
}

function spansRecord(tenant: string, agent: string, spans: readonly SentSpan[], partition?: number) {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const outcome = transcodeJson(
    Buffer.from(
      JSON.stringify({
        resourceSpans: [
          {
            resource: { attributes: [text('service.name', agent)] },
            scopeSpans: [
              {
                spans: spans.map(({ id, operation = 'chat', output = 'fine', trace = id, parent }) => ({
                  traceId: hex(trace, 32),
                  spanId: hex(id, 16),
                  ...(parent !== undefined && { parentSpanId: hex(parent, 16) }),
                  name: 'call',
                  startTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
                  endTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n + 5n),
                  attributes: [
                    text('gen_ai.operation.name', operation),
                    text(
                      'gen_ai.output.messages',
                      JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: output }] }]),
                    ),
                  ],
                })),
              },
            ],
          },
        ],
      }),
    ),
  )
  if (!outcome.ok) throw new Error(JSON.stringify(outcome))
  return { key: null, ...(partition !== undefined && { partition }), value: outcome.request, headers: { tenant } }
}

/** A subscriber that keeps what it was told. */
interface Listener {
  readonly events: StreamEvent[]
  readonly error: Promise<unknown>
  stop(): Promise<void>
}

export function describeSubscriptions(name: string, openLog: () => Promise<TailedLog>): void {
  describe(`subscriptions on the ${name} log`, () => {
    let log: TailedLog
    let keys: Keys
    let api: Api
    let other: Api
    const keyOf = new Map<string, string>()
    const problems: string[] = []
    const listeners: Listener[] = []

    beforeAll(async () => {
      log = await openLog()
      await log.ensureTopics([...onlineTopicsFor('embedded', 1 << 30), ...alertTopics])
      keys = await openKeys({ log, nowMs: Date.now, onProblem: (text) => problems.push(text) })
      for (const tenant of ['acme', 'rival', 'unmaskable']) {
        const { key } = await keys.create({ tenant, role: 'viewer', name: '', expiresAtMs: null, by: 'test' })
        keyOf.set(tenant, key)
      }
      const redactor = compileRedaction(plan)
      const context = {
        nowMs: Date.now,
        definitions: { current: () => ({ plan: EMPTY_PLAN, loadedAtMs: 0, diagnostics: [] }) },
        subscriptions: {
          log,
          redactorOf: (tenant) => {
            if (tenant === 'unmaskable') throw new Error('its definitions cannot be compiled')
            return redactor
          },
          erased: {
            covers: ({ traceId }) => traceId === hex(666, 32),
            coversTrace: (_tenant, traceId) => traceId === hex(666, 32),
          },
        },
      } satisfies Partial<ApiContext> as unknown as ApiContext
      const start = (): Promise<Api> =>
        startApi({
          ...context,
          gate: createGate('keys', keys),
          host: '127.0.0.1',
          port: 0,
          onProblem: (text) => problems.push(text),
        })
      api = await start()
      other = await start()
    }, 120_000)

    afterAll(async () => {
      await Promise.all(listeners.map((one) => one.stop()))
      await api?.drain()
      await other?.drain()
      await keys?.close()
      await log?.close()
    })

    const listen = async (
      query: SubscribeQuery,
      { tenant = 'acme', on = api, ...options }: { tenant?: string; on?: Api } & Partial<SubscribeOptions> = {},
    ): Promise<Listener> => {
      const stopping = new AbortController()
      const events: StreamEvent[] = []
      const run = async (): Promise<void> => {
        const all = subscribe(query, {
          baseUrl: `http://127.0.0.1:${on.port}`,
          headers: () => ({ authorization: `Bearer ${keyOf.get(tenant)}` }),
          signal: stopping.signal,
          wait: async () => {},
          ...options,
        })
        for await (const event of all) events.push(event)
      }
      const running = run()
      const listener = {
        events,
        error: running.then(
          () => null,
          (error: unknown) => error,
        ),
        stop: async () => {
          stopping.abort()
          await listener.error
        },
      }
      listeners.push(listener)
      await vi.waitFor(() => expect(events[0]?.type).toBe('ready'), WAIT)
      return listener
    }
    const WAIT = { timeout: 30_000, interval: 10 }
    const spanIds = ({ events }: Listener): number[] =>
      events.flatMap((event) => (event.type === 'span' ? [Number.parseInt(event.data.spanId, 16)] : []))
    const evals = ({ events }: Listener): string[] =>
      events.flatMap((event) => (event.type === 'result' ? [event.data.eval] : []))
    const lastId = ({ events }: Listener): string =>
      events.flatMap((event) => ('id' in event && event.id !== undefined ? [event.id] : [])).at(-1)!
    const sendSpans = (agent: string, spans: readonly SentSpan[], tenant = 'acme', partition?: number) =>
      log.append(AGENT_TRACES, [spansRecord(tenant, agent, spans, partition)])
    const sendResults = (results: readonly ResultFields[], tenant = 'acme') =>
      log.append(EVAL_RESULTS, resultRecords(results.map((one) => makeResult({ tenant, ...one }))))
    const sendAlert = (id: string, group: Record<string, string>, tenant = 'acme') => {
      const [item] = sampleMessage({
        id,
        tenant,
        route: { receiver: 'slack', target: '#x' },
        event: 'firing',
        atMs: Date.now(),
        sinceMs: Date.now(),
        ref: null,
      }).items
      const transition = { ...item!.transition, id, alertId: id, group }
      return log.append(ALERTS, [
        { key: `${tenant}/${id}`, value: Buffer.from(JSON.stringify(transition)), headers: { tenant } },
      ])
    }

    test('spans, results and alerts come as they are written, from any instance, of one tenant alone', async () => {
      const [one, two] = [await listen({}), await listen({}, { on: other })]
      const rival = await listen({}, { tenant: 'rival' })
      await sendSpans('support', [{ id: 1 }, { id: 2 }])
      await sendSpans('secret', [{ id: 3 }], 'rival')
      await sendResults([{ evalId: 'shop/a' }, { evalId: 'shop/b' }])
      await sendAlert('shop/leak', {})
      for (const listener of [one, two]) {
        await vi.waitFor(() => expect(listener.events.some(({ type }) => type === 'alert')).toBe(true), WAIT)
        await vi.waitFor(() => expect(spanIds(listener)).toEqual([1, 2]), WAIT)
        await vi.waitFor(() => expect(evals(listener).toSorted()).toEqual(['shop/a', 'shop/b']), WAIT)
        expect(JSON.stringify(listener.events)).not.toContain('secret')
      }
      await vi.waitFor(() => expect(spanIds(rival)).toEqual([3]), WAIT)
      expect(evals(rival)).toEqual([])
    })

    test('what the store masks is masked, what was erased does not come, and what cannot be masked is told to nobody', async () => {
      const listener = await listen({ streams: ['spans', 'results'] })
      const probing = await listen({ streams: ['spans'], scope: `llm_call where output.text contains "${CANARY}"` })
      const unmaskable = await listen({ streams: ['spans'] }, { tenant: 'unmaskable' })
      await sendSpans('support', [{ id: 10 }], 'unmaskable')
      await sendSpans('support', [{ id: 666, output: 'erased' }])
      await sendResults([{ evalId: 'shop/erased', traceId: hex(666, 32) }])
      await sendSpans('support', [{ id: 11, output: `it is ${CANARY}, you know` }])
      await sendResults([{ evalId: 'shop/kept', traceId: hex(11, 32) }])
      await vi.waitFor(() => expect([spanIds(listener), evals(listener)]).toEqual([[11], ['shop/kept']]), WAIT)
      const text = JSON.stringify(listener.events)
      expect(text).toContain('you know')
      expect(text).not.toContain(CANARY)
      await vi.waitFor(() => expect(problems.join()).toContain('is told to no subscriber'), WAIT)
      expect([spanIds(probing), spanIds(unmaskable)]).toEqual([[], []])
    })

    test('of roots one span comes for each trace, in a scope where any of its spans was', async () => {
      const all = await listen({ streams: ['spans'], roots: true })
      const scoped = await listen({
        streams: ['spans'],
        roots: true,
        scope: 'llm_call where output.text contains "yes"',
      })
      const trace = (root: number, output: string): readonly SentSpan[] => [
        { id: root + 1, trace: root, parent: root, output },
        { id: root, operation: 'execute_tool' },
      ]
      for (const spans of [trace(30, 'no'), trace(40, 'yes'), [{ id: 50, output: 'yes' }]] as const)
        await sendSpans('support', spans, 'acme', 0)
      await vi.waitFor(() => expect(spanIds(all)).toEqual([30, 40, 50]), WAIT)
      await vi.waitFor(() => expect(spanIds(scoped)).toEqual([40, 50]), WAIT)
    })

    test('of roots that came meanwhile none is brought, and their records are told as a gap; verdicts are', async () => {
      const query = { streams: ['spans', 'results'], roots: true } as const
      const first = await listen(query)
      await sendSpans('support', [{ id: 60 }], 'acme', 0)
      await vi.waitFor(() => expect(spanIds(first)).toEqual([60]), WAIT)
      await first.stop()
      await sendSpans('support', [{ id: 61 }], 'acme', 0)
      await sendSpans('support', [{ id: 62 }], 'acme', 1)
      await sendResults([{ evalId: 'shop/missed' }])
      // Of an instance that has read them.
      const steady = await listen({ streams: ['spans', 'results'], since: '5m' }, { on: other })
      await vi.waitFor(() => expect(spanIds(steady)).toEqual(expect.arrayContaining([61, 62])), WAIT)
      await vi.waitFor(() => expect(evals(steady)).toContain('shop/missed'), WAIT)
      const back = await listen(query, { on: other, lastEventId: lastId(first) })
      await vi.waitFor(() => expect(evals(back)).toEqual(['shop/missed']), WAIT)
      await sendSpans('support', [{ id: 63 }], 'acme', 0)
      await vi.waitFor(() => expect(spanIds(back)).toEqual([63]), WAIT)
      const gaps = back.events.flatMap((event) => (event.type === 'gap' ? [event.data] : []))
      expect(gaps).toEqual([{ stream: 'spans', records: 2 }])
    })

    test('a scope is asked of spans; verdicts follow their spans, and alerts come unless they are of others', async () => {
      const calls = await listen({ scope: 'llm_call where agent.name == "support" and output.text contains "yes"' })
      const agents = await listen({ streams: ['results', 'alerts'], scope: 'trace where agent.name == "support"' })
      const failing = await listen({ streams: ['results'], eval: 'shop/x', verdict: 'fail' })
      const of = (id: number, more: ResultFields): ResultFields => ({
        evalId: `shop/on_${id}`,
        traceId: hex(id, 32),
        spanId: hex(id, 16),
        subjectKind: 'llm_call',
        agentName: 'support',
        ...more,
      })
      await sendSpans('support', [
        { id: 20, output: 'yes' },
        { id: 21, output: 'no' },
        { id: 22, output: 'yes', operation: 'execute_tool' },
      ])
      await sendSpans('sales', [{ id: 23, output: 'yes' }])
      await vi.waitFor(() => expect(spanIds(calls)).toEqual([20]), WAIT)
      await sendResults([of(20, {}), of(21, {}), of(23, { agentName: 'sales' }), { evalId: 'shop/x', verdict: 'fail' }])
      await sendResults([{ evalId: 'shop/x', verdict: 'pass', agentName: 'support' }])
      await sendAlert('shop/sales', { 'agent.name': 'sales' })
      await sendAlert('shop/support', { 'agent.name': 'support' })
      await sendAlert('shop/all', {})
      const alertsOf = ({ events }: Listener): string[] =>
        events.flatMap((event) => (event.type === 'alert' ? [event.data.alert] : []))
      for (const listener of [calls, agents])
        await vi.waitFor(() => expect(alertsOf(listener)).toEqual(['shop/support', 'shop/all']), WAIT)
      await vi.waitFor(() => expect(evals(calls)).toEqual(['shop/on_20']), WAIT)
      await vi.waitFor(() => expect(evals(agents).toSorted()).toEqual(['shop/on_20', 'shop/on_21', 'shop/x']), WAIT)
      await vi.waitFor(() => expect(evals(failing)).toEqual(['shop/x']), WAIT)
    })

    test('a scope that is wrong is refused with its places, and so are other parameters', async () => {
      const refusalOf = async (query: SubscribeQuery, lastEventId?: string): Promise<ApiProblem['problem']> => {
        const events = subscribe(query, {
          baseUrl: `http://127.0.0.1:${api.port}`,
          headers: () => ({ authorization: `Bearer ${keyOf.get('acme')}` }),
          ...(lastEventId !== undefined && { lastEventId }),
        })
        const error: unknown = await events.next().then(
          () => null,
          (reason: unknown) => reason,
        )
        if (!(error instanceof ApiProblem)) throw new Error(`no refusal: ${String(error)}`)
        expect(error.status).toBe(400)
        return error.problem
      }
      expect(await refusalOf({ scope: 'llm_call where\n  agent.nme == "x"' })).toMatchObject({
        errors: [
          { parameter: 'scope', line: 2, column: 3, message: expect.stringContaining('did you mean') as string },
        ],
      })
      for (const scope of ['', 'span }', 'span const x = 3', 'session', 'trace where duration > 3s', 'span where'])
        expect((await refusalOf({ scope }))?.errors?.[0]?.parameter, scope).toBe('scope')
      expect((await refusalOf({ verdict: 'bad' }))?.errors?.[0]?.parameter).toBe('verdict')
      expect((await refusalOf({}, 'nonsense'))?.detail).toContain('Last-Event-ID')
    })

    test('one that comes back, to another instance too, loses nothing and gets nothing twice', async () => {
      const first = await listen({ streams: ['spans', 'results'] })
      await sendSpans('support', [{ id: 30 }, { id: 31 }, { id: 32 }], 'acme', 0)
      await sendSpans('support', [{ id: 33 }], 'acme', 1)
      await vi.waitFor(() => expect(spanIds(first)).toHaveLength(4), WAIT)
      await first.stop()
      const at = new Map(
        first.events.flatMap((event) =>
          event.type === 'span' ? [[Number.parseInt(event.data.spanId, 16), event.id]] : [],
        ),
      )
      await sendSpans('support', [{ id: 34 }, { id: 35 }], 'acme', 1)
      await sendResults([{ evalId: 'shop/meanwhile' }])
      // The others go on meanwhile, and what comes during the return is for both.
      const steady = await listen({ streams: ['spans', 'results'] }, { on: other })
      const [back] = await Promise.all([
        listen({ streams: ['spans', 'results'] }, { on: other, lastEventId: lastId(first) }),
        ...Array.from({ length: 40 }, (_, i) => sendSpans('support', [{ id: 100 + i }], 'acme', i % 4)),
      ])
      const later = Array.from({ length: 40 }, (_, i) => 100 + i)
      const numerically = (a: number, b: number): number => a - b
      await vi.waitFor(() => expect(spanIds(back).toSorted(numerically)).toEqual([34, 35, ...later]), WAIT)
      await vi.waitFor(() => expect(evals(back)).toEqual(['shop/meanwhile']), WAIT)
      // From the middle of a record.
      const had = spanIds(first).slice(0, spanIds(first).indexOf(31) + 1)
      const rest = [30, 31, 32, 33, 34, 35, ...later].filter((id) => !had.includes(id))
      const middle = await listen({ streams: ['spans'] }, { lastEventId: at.get(31)!.split('.')[0]! })
      await vi.waitFor(() => expect(spanIds(middle).toSorted(numerically)).toEqual(rest), WAIT)
      // All of them go on together.
      await sendSpans('support', [{ id: 200 }])
      for (const listener of [steady, back, middle])
        await vi.waitFor(() => expect(spanIds(listener).filter((id) => id === 200)).toHaveLength(1), WAIT)
      expect(new Set(spanIds(back)).size).toBe(spanIds(back).length)
    })

    test('one can begin with what came before', async () => {
      await sendSpans('history', [{ id: 50, output: 'yes' }, { id: 51 }])
      await sendResults([
        { evalId: 'shop/history', traceId: hex(50, 32), spanId: hex(50, 16), subjectKind: 'llm_call' },
      ])
      const scope = 'llm_call where agent.name == "history" and output.text contains "yes"'
      const listener = await listen({ streams: ['spans', 'results'], scope, since: '5m' }, { on: other })
      await sendSpans('history', [{ id: 52, output: 'yes' }])
      await vi.waitFor(() => expect(spanIds(listener).toSorted()).toEqual([50, 52]), WAIT)
      await vi.waitFor(() => expect(evals(listener)).toEqual(['shop/history']), WAIT)
    })

    test('an id of an instance that has read further repeats nothing here', async () => {
      const listener = await listen({ streams: ['alerts'] })
      await sendAlert('shop/one', {})
      await vi.waitFor(() => expect(listener.events.at(-1)?.type).toBe('alert'), WAIT)
      // The last id is of the end; this instance has not begun to look at the topic.
      await sendAlert('shop/two', {})
      const [back] = await Promise.all([
        listen({ streams: ['alerts'] }, { on: other, lastEventId: lastId(listener) }),
        sendAlert('shop/three', {}),
      ])
      const alerts = (): string[] => back.events.flatMap((event) => (event.type === 'alert' ? [event.data.alert] : []))
      await vi.waitFor(() => expect(alerts()).toEqual(['shop/two', 'shop/three']), WAIT)
    })

    test('a WebSocket is told the same, goes on by id, and is let in by the same rules', async () => {
      const authorization = `Bearer ${keyOf.get('acme')}`
      const open = (query: string, headers: Record<string, string>) =>
        new WebSocket(`ws://127.0.0.1:${api.port}/v1/subscribe?streams=spans&${query}`, { headers })
      const told: StreamEvent[] = []
      const first = open('', { authorization })
      first.on('message', (data: Buffer) => told.push(JSON.parse(data.toString()) as StreamEvent))
      await vi.waitFor(() => expect(told[0]?.type).toBe('ready'), WAIT)
      await sendSpans('support', [{ id: 70 }, { id: 71 }])
      await vi.waitFor(() => expect(spanIds({ events: told } as unknown as Listener)).toEqual([70, 71]), WAIT)
      const [, one] = told.flatMap((event) => (event.type === 'span' ? [event.id] : []))
      first.close()
      await sendSpans('support', [{ id: 72 }])
      const later: StreamEvent[] = []
      const second = open(`lastEventId=${encodeURIComponent(one!)}`, { authorization })
      second.on('message', (data: Buffer) => later.push(JSON.parse(data.toString()) as StreamEvent))
      await vi.waitFor(() => expect(spanIds({ events: later } as unknown as Listener)).toEqual([72]), WAIT)
      second.close()
      const statusOf = (headers: Record<string, string>, query = ''): Promise<number> =>
        new Promise((resolve, reject) => {
          const refused = open(query, headers)
          refused.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0))
          refused.once('open', () => reject(new Error('it was let in')))
          refused.once('error', () => {})
        })
      expect(await statusOf({})).toBe(401)
      expect(await statusOf({ authorization, origin: 'https://elsewhere.example' })).toBe(403)
      expect(await statusOf({ authorization }, 'scope=span+where')).toBe(400)
    })

    test('who reads too slowly is told how much was dropped, and holds up nobody', async () => {
      const quick = await listen({ streams: ['results'] })
      const slow = await openSlow(api.port, keyOf.get('acme')!)
      const explanation = 'x'.repeat(100_000)
      let sent = 0
      // More than the buffers of both sides and of the machine between them take.
      while ((api.streams()?.dropped ?? 0) === 0) {
        await sendResults(Array.from({ length: 10 }, (_, i) => ({ evalId: `shop/slow_${i}`, explanation })))
        sent += 10
        await vi.waitFor(() => expect(evals(quick)).toHaveLength(sent), WAIT)
      }
      const told = new Promise<string>((resolve) => {
        let text = ''
        slow.on('data', (chunk: Buffer) => {
          text += chunk.toString('latin1')
          if (/event: dropped\ndata: .*\n/.test(text)) resolve(text)
        })
      })
      slow.resume()
      const nudge = setInterval(() => void sendResults([{ evalId: 'shop/nudge' }]), 50)
      const text = await told
      clearInterval(nudge)
      const dropped = JSON.parse(/event: dropped\ndata: (.*)\n/.exec(text)![1]!) as { events: number; inAll: number }
      expect(dropped.events).toBeGreaterThan(0)
      expect(dropped.inAll).toBe(dropped.events)
      expect(quick.events.some(({ type }) => type === 'dropped')).toBe(false)
      slow.destroy()
    })

    test('a subscription ends with its key, and leaves nothing behind when it is gone', async () => {
      const short = { tenant: 'acme', role: 'viewer', name: '', expiresAtMs: null, by: 'test' } as const
      const { key, stored } = await keys.create(short)
      keyOf.set('short', key)
      const ending = await listen({ streams: ['spans'] }, { tenant: 'short' })
      await keys.revoke(stored.keyId, 'acme', 'test')
      const error = await ending.error
      expect(error).toBeInstanceOf(ApiProblem)
      expect((error as ApiProblem).status).toBe(401)
      await Promise.all(listeners.map((one) => one.stop()))
      await vi.waitFor(() => {
        expect(api.streams()).toMatchObject({ subscribers: 0, filters: 0 })
        expect(other.streams()).toMatchObject({ subscribers: 0, filters: 0 })
      }, WAIT)
      // And anyone can come again.
      const again = await listen({ streams: ['spans'] })
      await sendSpans('support', [{ id: 300 }])
      await vi.waitFor(() => expect(spanIds(again)).toEqual([300]), WAIT)
    })
  })
}

function openSlow(port: number, key: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(
        `GET /v1/subscribe?streams=results HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${key}\r\n\r\n`,
      )
    })
    socket.once('error', reject)
    socket.once('data', () => {
      socket.pause()
      resolve(socket)
    })
  })
}
