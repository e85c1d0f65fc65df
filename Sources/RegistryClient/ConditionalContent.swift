/// By what a server recognises the content that a client has already (RFC 9110, 13).
public struct ContentValidators: Hashable, Sendable {
    let entityTag: String?
    let lastModified: String?

    /// Those of an answer; nil where it has none that could be sent back.
    init?(_ headers: HTTPFields) {
        func usable(_ name: String) -> String? {
            headers.first(name: name).flatMap { value in
                let isSendable =
                    !value.isEmpty && value.utf8.count <= 256 && value.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
                return isSendable ? value : nil
            }
        }
        entityTag = usable("etag")
        lastModified = usable("last-modified")
        if entityTag == nil && lastModified == nil { return nil }
    }

    var headers: [(name: String, value: String)] {
        [("If-None-Match", entityTag), ("If-Modified-Since", lastModified)].compactMap { name, value in
            value.map { (name, $0) }
        }
    }
}

/// What a request says of content that may be missing, or that the client may have.
public enum ConditionalContent<Value: Sendable>: Sendable {
    case missing
    /// The client has it.
    case unchanged
    case found(Value, ContentValidators?)
}

extension HTTPReply {
    /// Whether the content is what a client said that it has.
    func isUnchanged(_ known: ContentValidators?) -> Bool { known != nil && status == 304 }
}
