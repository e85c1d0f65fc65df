/// Signatures of one image as they come in, each once, until there are enough to know that there are too many.
struct SignatureCollection {
    private let known: Set<String>
    private let limits: SignatureFetcher.Configuration
    private var names: Set<String> = []
    private var bytes = 0
    private(set) var new: [FoundSignature] = []

    init(known: Set<String>, limits: SignatureFetcher.Configuration) {
        self.known = known
        self.limits = limits
    }

    var hasAny: Bool { !names.isEmpty }
    /// Nothing more need be looked for.
    var isFull: Bool { names.count >= limits.enoughSignatures || bytes > limits.enoughBytes }

    func isKnown(_ name: String) -> Bool { known.contains(name) }

    /// Takes a signature in. Empty ones are none.
    /// - Returns: its name.
    @discardableResult
    mutating func add(_ content: [UInt8]) -> String? {
        guard !content.isEmpty else { return nil }
        let signature = FoundSignature(content)
        guard names.insert(signature.name).inserted, !known.contains(signature.name) else { return signature.name }
        bytes += content.count
        new.append(signature)
        return signature.name
    }

    /// Takes note of a known signature that was not fetched again.
    mutating func note(_ name: String) { names.insert(name) }
}
