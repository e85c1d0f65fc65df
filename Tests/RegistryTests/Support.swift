import APIMachinery
import APIServer
import HTTPTypes
import ImageAPI
import OCI

@testable import Registry

/// A digest that is easy to tell from others: one hexadecimal digit, again and again.
func digest(_ digit: Character, _ algorithm: Digest.Algorithm = .sha256) -> Digest {
    Digest("\(algorithm.rawValue):\(String(repeating: digit, count: algorithm.hexLength))")!
}

func path(_ text: String) -> RepositoryPath {
    let parts = text.split(separator: "/")
    return RepositoryPath(namespace: String(parts[0]), stream: String(parts[1]))
}

func request(_ method: String = "GET", _ path: String = "/v2/", isSecure: Bool = true, headers: HTTPFields = [:])
    -> ServerRequest
{
    ServerRequest(method: method, path: path, headers: headers, isSecure: isSecure)
}

/// The refusal that an operation ends with; nil where it does not.
func refusal<Value>(_ operation: () throws(RegistryError) -> Value) -> RegistryError? {
    do {
        _ = try operation()
        return nil
    } catch {
        return error
    }
}

extension RegistryError {
    var code: Code? { entries.first?.code }
}

/// A stream whose tags have these events, the newest first.
func stream(_ tags: [(tag: String, events: [TagEvent])], annotations: [String: String] = [:]) -> ImageStream {
    var stream = ImageStream()
    stream.metadata.namespace = "team"
    stream.metadata.name = "app"
    stream.metadata.annotations = annotations
    stream.status.tags = tags.sorted { $0.tag < $1.tag }.map { NamedTagEventList(tag: $0.tag, items: $0.events) }
    return stream
}

func event(_ image: Digest?, from reference: String = "", at seconds: Int64 = 0) -> TagEvent {
    TagEvent(
        created: Timestamp(secondsSince1970: seconds), dockerImageReference: reference,
        image: image?.description ?? "")
}
