/** A series as the chart draws it: a line for each measure and label, on the same times. */
import type { SeriesPoint, SeriesResponse } from '../../../client/api.ts'

export interface Line {
  readonly label: string
  /** As `times`; null where nothing was decided. */
  readonly rate: readonly (number | null)[]
  readonly lower: readonly (number | null)[]
  readonly upper: readonly (number | null)[]
}

export interface Lines {
  /** Seconds since the epoch, in order. */
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  /** Times at which another measure began: what is before and after is not one series. */
  readonly breaks: readonly number[]
}

export function linesOf({ points }: SeriesResponse): Lines {
  const times = [...new Set(points.map(({ start }) => Date.parse(start) / 1_000))].sort((a, b) => a - b)
  const indexOf = new Map(times.map((time, index) => [time, index]))
  const groups = Map.groupBy(points, ({ measureHash, label = '' }) => `${measureHash}\n${label}`)
  const lines = [...groups.values()].map((own): Line => {
    const column = (of: (point: SeriesPoint) => number | undefined): (number | null)[] => {
      const values = new Array<number | null>(times.length).fill(null)
      for (const point of own) values[indexOf.get(Date.parse(point.start) / 1_000)!] = of(point) ?? null
      return values
    }
    return {
      label: [own[0]?.label, own[0]?.standIn && standInText(own[0].standIn)].filter(Boolean).join(', '),
      rate: column(({ passRate }) => passRate),
      lower: column(({ lower }) => lower),
      upper: column(({ upper }) => upper),
    }
  })
  const began = new Map<string, number>()
  for (const { measureHash, start, standIn } of points) {
    if (standIn !== undefined) continue
    const time = Date.parse(start) / 1_000
    began.set(measureHash, Math.min(time, began.get(measureHash) ?? time))
  }
  const [, ...breaks] = [...began.values()].sort((a, b) => a - b)
  return { times, lines, breaks }
}

/** What a stand-in's line is called. */
export function standInText({ level, by }: NonNullable<SeriesPoint['standIn']>): string {
  switch (level) {
    case 'or_else':
      return `or else ${by}`
    case 'cheaper':
      return `cheaper judge ${by}`
    case 'proxy':
      return `proxy ${by}`
  }
}
