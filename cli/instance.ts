/** Wires the roles together in one process tree: sinks before sources at the start, sources before sinks at the end. */
