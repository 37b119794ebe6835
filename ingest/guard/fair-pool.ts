/**
 * Room that tenants share, none of whom can take all of it: a tenant may hold twice what would still be free. Alone it comes to two thirds, and
 * who comes next finds a third; as room comes back, all who ask come to as much. Nobody is asked how many tenants there are.
 */
export interface FairPool {
  /** Whether so much could be taken now; nothing is. */
  hasRoom(tenant: string, amount: number): boolean
  take(tenant: string, amount: number): boolean
  /** Takes it, room or not. */
  put(tenant: string, amount: number): void
  release(tenant: string, amount: number): void
  readonly used: number
}

export const MOST_OF_FREE = 2

/** `mostOfFree`: what a tenant may hold, as a multiple of what is free after it; without bound where there is one tenant only. */
export function createFairPool(total: number, mostOfFree = MOST_OF_FREE): FairPool {
  const heldBy = new Map<string, number>()
  let used = 0
  const hasRoom = (tenant: string, amount: number): boolean => {
    const free = total - used - amount
    if (free < 0) return false
    return mostOfFree === Number.POSITIVE_INFINITY || (heldBy.get(tenant) ?? 0) + amount <= mostOfFree * free
  }
  const put = (tenant: string, amount: number): void => {
    used += amount
    heldBy.set(tenant, (heldBy.get(tenant) ?? 0) + amount)
  }
  return {
    hasRoom,
    take: (tenant, amount) => {
      if (!hasRoom(tenant, amount)) return false
      put(tenant, amount)
      return true
    },
    put,
    release: (tenant, amount) => {
      used -= amount
      const left = (heldBy.get(tenant) ?? 0) - amount
      // Tenants come and go.
      if (left <= 0) heldBy.delete(tenant)
      else heldBy.set(tenant, left)
    },
    get used() {
      return used
    },
  }
}
