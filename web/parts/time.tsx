import { formatTime, formatWholeTime } from './format.ts'

export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={formatWholeTime(at)}>
      {formatTime(at, Date.now())}
    </time>
  )
}
