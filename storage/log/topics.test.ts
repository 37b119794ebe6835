import { expect, test } from 'vitest'
import { AGENT_TRACES, alertTopics, onlineTopics, onlineTopicsFor } from './topics.ts'

test('a topic that two parts open is opened the same by both: the last would win', () => {
  const specs = new Map(onlineTopics.map((topic) => [topic.name, topic]))
  for (const topic of alertTopics) expect(specs.get(topic.name) ?? topic).toEqual(topic)
  expect(new Set([...onlineTopics, ...alertTopics].map(({ name }) => name)).size).toBe(7)
})

test('another bound of the traces changes nothing else', () => {
  const bounded = onlineTopicsFor('embedded', 5)
  expect(bounded.find(({ name }) => name === AGENT_TRACES)?.retentionBytes).toBe(5)
  const others = ({ name }: { name: string }) => name !== AGENT_TRACES
  expect(bounded.filter(others)).toEqual(onlineTopics.filter(others))
})
