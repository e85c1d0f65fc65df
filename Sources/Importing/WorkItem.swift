import OCI

/// One manifest to import. Equal items are the same work (A.13 step 1.7).
struct WorkItem: Hashable, Sendable {
    /// What is asked for, normalised.
    let reference: RemoteReference
    let mode: ImportMode
    let insecure: Bool
    /// Empty for the default.
    let architecture: String
    let os: String

    typealias Outcome = Result<ImportedImage, ImportFailure>

    /// The tag to report; nil for digests.
    var tag: String? {
        if case .tag(let tag) = reference.selector { tag } else { nil }
    }
}

/// What makes two repositories the same, however they are spelled.
struct RepositoryKey: Hashable, Sendable {
    let host: String
    let path: String

    init(_ repository: RepositoryName) {
        host = repository.apiHost
        path = repository.path
    }
}

/// An entry of the request once its name is read.
enum ImportPlan: Sendable {
    case refused(ImportFailure)
    case work(WorkItem, written: ImageReference)

    init(_ entry: ImageImportEntry, policy: PullPolicy) {
        do throws(ImportFailure) {
            let written = try Self.parse(entry.from)
            let reference = try Self.normalize(written) { reference throws(ImageReferenceError) in
                try reference.normalized()
            }
            if let host = policy.blockedHost(reference.repository) { throw .blocked(host: host) }
            var item = WorkItem(
                reference: reference, mode: entry.mode, insecure: entry.insecure,
                architecture: entry.preferredArchitecture, os: entry.preferredOS)
            // The annotations apply to tags only (A.16).
            if item.tag == nil {
                item = WorkItem(
                    reference: reference, mode: entry.mode, insecure: entry.insecure, architecture: "", os: "")
            }
            self = .work(item, written: written)
        } catch {
            self = .refused(error)
        }
    }

    static func parse(_ text: String) throws(ImportFailure) -> ImageReference {
        if text == "*" { return ImageReference(name: "*") }
        do { return try ImageReference(parsing: text) } catch { throw .invalidName(text, text: error.text) }
    }

    static func normalize<Value>(
        _ written: ImageReference, _ body: (ImageReference) throws(ImageReferenceError) -> Value
    ) throws(ImportFailure) -> Value {
        do { return try body(written) } catch {
            let shown = written.exact.isEmpty ? written.registry : written.exact
            throw .notNormalizable(reference: shown, text: error.text)
        }
    }
}
