export declare const nodeFlags: readonly string[]
export declare function nodeFlagsOf(roles: readonly string[]): readonly string[]
