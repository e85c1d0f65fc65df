// Writes until it is killed. Each acknowledged write is one line on standard output: `key revision counter`.
// Usage: weir-store-crasher DIRECTORY SEED
await Crasher.run(CommandLine.arguments)
