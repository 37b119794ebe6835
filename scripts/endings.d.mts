export declare function explainEnding(signal: NodeJS.Signals | null, livedMs: number): string | null
