export declare function isAlive(pid: number): boolean
export declare function ownersOf(text: string): number[]
export declare function takeLock(
  file: string,
): { taken: true; wasInterrupted: boolean } | { taken: false; owner: number }
export declare function addOwner(file: string, pid: number): void
export declare function releaseLock(file: string): void
export declare function abandonLock(file: string): void
