import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClickHouseClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectInProcess } from './in-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'assay-in-process-'))
let client: ClickHouseClient
beforeAll(async () => {
  client = await connectInProcess(folder)
})
afterAll(async () => {
  await client.close()
  rmSync(folder, { recursive: true, force: true })
})

const ask = async (query: string): Promise<unknown> => (await client.query({ query, format: 'JSONEachRow' })).json()

test('what a query had answered before it failed is no part of the next answer', async () => {
  const failing = "SELECT 'of another tenant' AS secret, throwIf(number = 200000) FROM numbers(300000)"
  for (let round = 0; round < 3; round++) {
    const [failed, ...others] = await Promise.allSettled([ask(failing), ask('SELECT 1 AS n'), ask('SELECT 2 AS n')])
    expect(failed?.status).toBe('rejected')
    expect(others).toEqual([
      { status: 'fulfilled', value: [{ n: 1 }] },
      { status: 'fulfilled', value: [{ n: 2 }] },
    ])
  }
})

test('questions that run side by side get each its own values and its own answer, and a write waits for none of them', async () => {
  await client.command({ query: 'CREATE TABLE told (n UInt64, word String) ENGINE = MergeTree ORDER BY n' })
  const words = ["'", '\\', 'a\n\nb; DROP TABLE told', '{n:Int64}', '\0', 'é', '--']
  const echo = async (n: number): Promise<void> => {
    const word = words[n % words.length]!
    const query =
      'SELECT {n:Int64} AS n, {word:String} AS word, {words:Array(String)} AS words, sum(number) AS sum FROM numbers({n:UInt64} * 1000)'
    const answer = await client.query({ query, query_params: { n, word, words }, format: 'JSONEachRow' })
    const [row] = await answer.json<Record<string, unknown>>()
    expect([Number(row?.n), row?.word, row?.words]).toEqual([n, word, words])
  }
  const write = (n: number): Promise<unknown> =>
    client.command({
      query: 'INSERT INTO told VALUES ({n:UInt64}, {word:String})',
      query_params: { n, word: words[n % words.length] },
    })
  const rounds = Array.from({ length: 40 }, (_, n) => n)
  await Promise.all(rounds.flatMap((n) => [echo(n), ...(n % 2 === 0 ? [write(n)] : [])]))
  expect(await ask('SELECT count() AS n, uniq(word) AS words FROM told')).toEqual([{ n: 20, words: words.length }])
})

test('a client that was closed asks nothing any more, and opens nothing', async () => {
  const other = await connectInProcess(folder)
  await other.close()
  await expect(other.query({ query: 'SELECT 1' })).rejects.toThrow(/closed/)
  expect(await ask('SELECT 1 AS n')).toEqual([{ n: 1 }])
})

test('a list of values is as long as it is', async () => {
  const values = Array.from({ length: 20_000 }, (_, index) => `a value that is ${index}`)
  const answer = await client.query({
    query: 'SELECT length({values:Array(String)}) AS n',
    query_params: { values },
    format: 'JSONEachRow',
  })
  expect(await answer.json()).toEqual([{ n: values.length }])
})
