/** `items.map(change)`, but the very same array when no item changed: nearly every span is clean and shall cost nothing. */
export function mapKept<T>(items: readonly T[], change: (item: T) => T): readonly T[] {
  let copy: T[] | null = null
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as T
    const changed = change(item)
    if (copy === null && changed !== item) copy = items.slice(0, i)
    copy?.push(changed)
  }
  return copy ?? items
}
