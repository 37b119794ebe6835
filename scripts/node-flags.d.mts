export declare const youngGeneration: { readonly large: readonly string[]; readonly small: readonly string[] }
export declare const nodeFlags: readonly string[]
export declare function nodeFlagsFor(args: readonly string[]): readonly string[]
export declare function nodeFlagsOf(roles: readonly string[]): readonly string[]
