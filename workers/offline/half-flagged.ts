/**
 * A sample half of which is drawn evenly, and half where a judge is worth most: of subjects that an online eval failed, or on which a
 * panel disagreed. Which half a subject was drawn for is known of each: the even one alone may feed alerts.
 */
import { hash } from 'node:crypto'
import { activeSamplingProbabilities } from '../../engine/statistics/active-sampling.ts'
import { rankBySeed, type Sample, type SampledSubject } from './sample.ts'
import { type LookOptions, lookAt } from './strata.ts'

export interface HalfFlaggedOptions extends LookOptions {
  size: number
  isFlagged: (traceId: string, spanId: string) => boolean
}

/**
 * Each subject has its probability by `activeSamplingProbabilities`, with half of the sample drawn evenly, or more where fewer are flagged
 * than half of it. Drawn systematically along the order of their hashes with the run's id, so that the sample has its size, and each
 * exactly its probability. Of those drawn a subject counts as drawn evenly with the even part of its probability: over all
 * subjects that part is the same.
 */
export async function drawHalfFlagged(options: HalfFlaggedOptions): Promise<Sample> {
  const { runId, size, isFlagged } = options
  const { found, populationTraces, lookedAtTraces } = await lookAt(options)
  const keys = rankBySeed(
    runId,
    found.map(({ traceId, spanId }) => `${traceId}/${spanId}`),
  )
  const lookedShare = populationTraces === 0 ? 1 : lookedAtTraces / populationTraces
  const drawn = keys.length <= size ? keys.map((key) => ({ key, probability: 1 })) : draw(keys)
  const subjects = rankBySeed(
    `${runId} in order`,
    drawn.map(({ key }) => key),
  )
  const byKey = new Map(drawn.map((one) => [one.key, one]))
  return {
    subjects: subjects.map((key): SampledSubject => {
      const { probability = 1, drawnFor }: Drawn = byKey.get(key) ?? { key, probability: 1 }
      return {
        ...splitKey(key),
        inclusionProbability: probability * lookedShare,
        ...(drawnFor !== undefined && { drawnFor }),
      }
    }),
    populationTraces,
    lookedAtTraces,
  }

  function draw(ranked: readonly string[]): Drawn[] {
    const uncertainty = ranked.map((key) => {
      const { traceId, spanId } = splitKey(key)
      return Number(isFlagged(traceId, spanId))
    })
    const flagged = uncertainty.reduce((sum, one) => sum + one, 0)
    // With few flagged all of them are drawn, and no part of the sample is lost by that none is drawn twice.
    const tau = Math.max(0.5, (ranked.length * (size - flagged)) / (size * (ranked.length - flagged)))
    const even = (tau * size) / ranked.length
    const probabilities = activeSamplingProbabilities({ uncertainty, budget: size, tau })
    const start = unitOf(`${runId} start`)
    let upTo = 0
    return ranked.flatMap((key, i): Drawn[] => {
      const probability = probabilities[i] ?? 0
      const before = Math.floor(upTo - start)
      upTo += probability
      if (Math.floor(upTo - start) === before) return []
      const isEven = unitOf(`${runId} even\n${key}`) < even / probability
      return [{ key, probability, ...(!isEven && { drawnFor: 'flagged' as const }) }]
    })
  }
}

interface Drawn {
  key: string
  probability: number
  drawnFor?: 'flagged'
}

function splitKey(key: string): { traceId: string; spanId: string } {
  const slash = key.indexOf('/')
  return { traceId: key.slice(0, slash), spanId: key.slice(slash + 1) }
}

/** Within [0, 1), as if at random, and always the same. */
function unitOf(seed: string): number {
  return Number.parseInt(hash('sha256', seed).slice(0, 13), 16) / 2 ** 52
}
