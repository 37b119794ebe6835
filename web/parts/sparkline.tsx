const WIDTH_PX = 80
const HEIGHT_PX = 24
const PAD_PX = 3

export interface SparkPoint {
  /** From 0 to 1 of the period. */
  readonly at: number
  /** From 0 to 1. */
  readonly rate: number
}

/** How a rate went, in a line of the height of a text; words say the same. */
export function Sparkline({ points, words }: { points: readonly SparkPoint[]; words: string }) {
  if (points.length === 0) return <span className="faint">–</span>
  // Small changes near 100% are what one looks for: the scale begins at the lowest, but never higher than 80%.
  const lowest = Math.min(0.8, ...points.map(({ rate }) => rate))
  const place = ({ at, rate }: SparkPoint): readonly [number, number] => [
    PAD_PX + at * (WIDTH_PX - 2 * PAD_PX),
    HEIGHT_PX - PAD_PX - ((rate - lowest) / (1 - lowest)) * (HEIGHT_PX - 2 * PAD_PX),
  ]
  const [x, y] = place(points.at(-1)!)
  return (
    <svg className="spark" width={WIDTH_PX} height={HEIGHT_PX} role="img" aria-label={words}>
      <title>{words}</title>
      <polyline points={points.map((point) => place(point).join(',')).join(' ')} />
      <circle cx={x} cy={y} r="2.5" />
    </svg>
  )
}
