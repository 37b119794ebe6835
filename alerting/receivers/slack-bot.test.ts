/** The Slack bot against a local Web API, which answers 200 to what it refuses. */
import { describe, expect, test } from 'vitest'
import { messageOf, receiverOf, slackRoute } from '../../test/support/receiver-fixture.ts'
import { BOT_TOKEN, startSlackApiServer } from '../../test/support/slack-api-server.ts'
import { textOf } from '../../test/support/slack-server.ts'
import { NO_RECEIVERS } from './config.ts'

describe('the Slack bot', () => {
  const withFirstMessage = async () => {
    const server = await startSlackApiServer()
    const settings = { slack: { ...NO_RECEIVERS.slack, botToken: BOT_TOKEN, apiUrl: server.baseUrl } }
    const receiver = receiverOf({ route: slackRoute, settings })
    const first = await receiver.deliver(messageOf('firing', slackRoute))
    const ref = first.kind === 'delivered' ? first.ref! : ''
    return { server, resolve: () => receiver.deliver(messageOf('resolved', slackRoute, ref)) }
  }

  test.each([
    ['a rate limit', { status: 429, retryAfterSeconds: 30 }, 30_000],
    ['a server error', { status: 500 }, null],
  ])('the first message that could not be updated for %s is updated at the next try', async (_, fault, afterMs) => {
    const { server, resolve } = await withFirstMessage()
    server.failCalls('chat.update', fault)
    expect(await resolve()).toMatchObject({ kind: 'retry', afterMs })
    expect(server.posts[0]!.payload.text).toContain('Firing:')
    expect(await resolve()).toMatchObject({ kind: 'delivered' })
    expect(server.posts[0]!.payload.text).toContain('Resolved:')
    // The thread was told first, and so twice: the most that a fault costs.
    expect(server.posts.filter(({ threadTs }) => threadTs !== null)).toHaveLength(2)
    await server.close()
  })

  test('a rate limit that comes with a 200 is waited for as well', async () => {
    const { server, resolve } = await withFirstMessage()
    server.refuse('ratelimited', 'chat.update')
    expect(await resolve()).toMatchObject({ kind: 'retry' })
    await server.close()
  })

  test.each(['message_not_found', 'cant_update_message', 'edit_window_closed'])(
    '%s: the thread was told, and that is enough',
    async (error) => {
      const { server, resolve } = await withFirstMessage()
      server.refuse(error, 'chat.update')
      expect(await resolve()).toMatchObject({ kind: 'delivered' })
      expect(server.posts.map(({ threadTs }) => threadTs === null)).toEqual([true, false])
      expect(server.posts[1]!.payload.text).toContain('Resolved:')
      await server.close()
    },
  )

  test('keeps the first message up to date, and tells the thread', async () => {
    const server = await startSlackApiServer()
    const settings = { slack: { ...NO_RECEIVERS.slack, botToken: BOT_TOKEN, apiUrl: server.baseUrl } }
    const receiver = receiverOf({ route: slackRoute, settings })
    const first = await receiver.deliver(messageOf('firing', slackRoute))
    const ref = first.kind === 'delivered' ? first.ref! : ''
    await receiver.deliver(messageOf('reminder', slackRoute, ref))
    await receiver.deliver(messageOf('acknowledged', slackRoute, ref))
    await receiver.deliver(messageOf('resolved', slackRoute, ref))
    const [top, ...thread] = server.posts
    expect(top).toMatchObject({ channel: 'CSHOP', threadTs: null, versions: 3 })
    expect(top!.payload.text).toContain('Resolved:')
    expect(thread.map(({ threadTs }) => threadTs)).toEqual([top!.ts, top!.ts, top!.ts])
    expect(thread.map(({ payload }) => payload.text!.split(':')[0])).toEqual([
      'Still firing',
      'Acknowledged',
      'Resolved',
    ])
    expect(textOf({ path: '', atMs: 0, payload: thread[1]!.payload })).toContain(
      'Acknowledged by ann until 2026-11-21 11:00 UTC: on it',
    )
    await server.close()
  })

  test.each([
    ['ratelimited', 'retry'],
    ['internal_error', 'retry'],
    ['invalid_auth', 'refused'],
    ['channel_not_found', 'refused'],
  ])('%s, which comes with a 200, is a %s', async (error, kind) => {
    const server = await startSlackApiServer()
    server.refuse(error)
    const settings = { slack: { ...NO_RECEIVERS.slack, botToken: BOT_TOKEN, apiUrl: server.baseUrl } }
    const delivery = await receiverOf({ route: slackRoute, settings }).deliver(messageOf('firing', slackRoute))
    expect(delivery).toMatchObject({ kind, reason: `Slack: ${error}` })
    await server.close()
  })
})
