import { expect, test } from 'vitest'
import { replicationLagIn } from './redis.ts'

test('the lag of the replica that is furthest behind is told, and none without replicas', () => {
  const head = '# Replication\r\nrole:master\r\n'
  const replica = (n: number, lag: number): string =>
    `slave${n}:ip=10.0.0.${n},port=6379,state=online,offset=42,lag=${lag}\r\n`
  expect(replicationLagIn(`${head}connected_slaves:2\r\n${replica(0, 1)}${replica(1, 14)}`)).toBe(14)
  expect(replicationLagIn(`${head}connected_slaves:0\r\n`)).toBe(null)
})
