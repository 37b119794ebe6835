const MINUTES = [
  { minutes: 60, label: '1 hour' },
  { minutes: 240, label: '4 hours' },
  { minutes: 1_440, label: '1 day' },
  { minutes: 10_080, label: '1 week' },
] as const

/** For how long, as the field `minutes` of its form. */
export function ForSelect({ usual }: { usual: (typeof MINUTES)[number]['minutes'] }) {
  return (
    <label>
      For
      <select name="minutes" defaultValue={usual}>
        {MINUTES.map(({ minutes, label }) => (
          <option key={minutes} value={minutes}>
            {label}
          </option>
        ))}
      </select>
    </label>
  )
}
