/** Exit codes of every command: 0 fine, 1 findings or failed tests, 2 usage or configuration; 130 stopped by Ctrl-C. */
export const exitCodes = { ok: 0, findings: 1, usage: 2, interrupted: 130 } as const
