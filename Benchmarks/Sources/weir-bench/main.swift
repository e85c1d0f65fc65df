// Prints one line a figure, with the peer's figure of the same run where there is one.
// Arguments name the groups to measure: json, store, authorization. None means all.

let groups = CommandLine.arguments.dropFirst()

if groups.isEmpty || groups.contains("json") { benchmarkJSON() }
if groups.isEmpty || groups.contains("store") { try await benchmarkStore() }
if groups.isEmpty || groups.contains("authorization") { benchmarkAuthorization() }
