import Bundles
import JSON
import OCI

/// Has a server import what somebody wishes, a few tags at a time: a request ends when its time is over, and so nobody
/// waits for long without knowing how far it is.
///
/// Needs nothing of the server but `image.openshift.io/v1`. A repository is asked for as a whole first: the server imports
/// as many tags as it does at once, and names the others, which are asked for one batch after the other.
package struct ImportRun: Sendable {
    package enum Event: Sendable, Equatable {
        /// A repository is looked at: nobody knows yet how many tags it has.
        case listing(String)
        /// So many tags have been dealt with.
        case progress(done: Int, failed: Int, total: Int)
        /// What the server wants to be known besides.
        case warning(String)
    }

    /// Tags that one request asks for: with a few hundred bytes of manifest each they are there within seconds.
    static let tagsAtOnce = 20
    /// Somebody else may write to the stream at the same time.
    private static let attempts = 5

    private let session: ServerSession
    private let wish: ImportWish

    package init(_ wish: ImportWish, _ session: ServerSession) {
        self.wish = wish
        self.session = session
    }

    /// Imports everything.
    /// - Parameters:
    ///   - collected: gets what came of each tag, in the order in which they are imported; also what was done before an
    ///     error.
    ///   - tell: hears of every step.
    /// - Throws: `ImportRefusal`, `BundleError`. That a single tag fails is no error.
    package func run(collecting collected: inout [ImportedTag], _ tell: (Event) -> Void) async throws {
        var (document, plan, answer) = try await begin(tell)
        if let listing = answer.listingFailure {
            throw ImportRefusal("\(plan.repository ?? "") cannot be imported: \(listing)")
        }
        var rest = plan.tags.dropFirst(Self.tagsAtOnce)
        if let repository = plan.repository { rest = Self.tags(answer.rest, of: repository)[...] }
        let total = answer.tags.count + rest.count
        while true {
            collected += answer.tags
            tell(.progress(done: collected.count, failed: collected.count { $0.facts == nil }, total: total))
            if let stream = answer.stream {
                document = ImportDocument(wish, stream: stream)
                tellKept(answer.tags, SpecTags(stream), tell)
            }
            let batch = Array(rest.prefix(Self.tagsAtOnce))
            guard !batch.isEmpty else { return }
            rest = rest.dropFirst(batch.count)
            // The server settles races with others by itself where no revision is named.
            let reply = try await post(document.images(batch, resourceVersion: ""), tell)
            answer = ImportAnswer(try Self.document(of: reply), wanted: batch)
        }
    }

    /// The first request. It is for the stream as the plan saw it: where that has changed there is a new plan.
    private func begin(_ tell: (Event) -> Void) async throws -> (ImportDocument, ImportPlan, ImportAnswer) {
        let path = "/apis/image.openshift.io/v1/namespaces/\(wish.namespace)/imagestreams/\(wish.stream)"
        var attempt = 1
        while true {
            let known = try await session.send(.GET, path)
            guard known.isSuccess || known.status == 404 else {
                throw BundleError.server(status: known.status, known.message)
            }
            let stream: JSONValue? = known.isSuccess ? .some(try Self.document(of: known)) : .none
            let plan = try ImportPlan(wish, stream: stream)
            let document = ImportDocument(wish, stream: stream)
            let first = Array(plan.tags.prefix(Self.tagsAtOnce))
            let body: JSONValue
            if let repository = plan.repository {
                tell(.listing(repository))
                body = document.repository(repository, resourceVersion: plan.resourceVersion)
            } else {
                body = document.images(first, resourceVersion: plan.resourceVersion)
            }
            do {
                let reply = try await post(body, tell)
                return (document, plan, ImportAnswer(try Self.document(of: reply), wanted: first))
            } catch let error as BundleError {
                guard case .server(409, _) = error, attempt < Self.attempts else { throw error }
                attempt += 1
            }
        }
    }

    private func post(_ body: JSONValue, _ tell: (Event) -> Void) async throws -> ServerSession.Answer {
        let path = "/apis/image.openshift.io/v1/namespaces/\(wish.namespace)/imagestreamimports"
        let answer = try await session.send(.POST, path, body.jsonBytes())
        for value in answer.headers["warning"] { tell(.warning(Self.text(ofWarning: value))) }
        guard answer.isSuccess else { throw BundleError.server(status: answer.status, answer.message) }
        return answer
    }

    private static func document(of answer: ServerSession.Answer) throws -> JSONValue {
        do { return try JSONValue.parse(answer.body) } catch {
            throw BundleError.server(status: answer.status, "the answer is no JSON: \(error)")
        }
    }

    /// A tag that was there keeps its reference policy, which surprises those who asked for another.
    private func tellKept(_ tags: [ImportedTag], _ spec: SpecTags, _ tell: (Event) -> Void) {
        guard let asked = wish.referencePolicy else { return }
        for tag in tags {
            guard let kept = spec[tag.name]?["referencePolicy"]?["type"]?.stringValue, kept != asked else { continue }
            tell(.warning("tag \(tag.name) keeps its reference policy \(kept): 'oc tag --reference-policy' changes it"))
        }
    }

    static func tags(_ names: [String], of repository: String) -> [ImportPlan.Tag] {
        guard var reference = try? ImageReference(parsing: repository) else { return [] }
        return names.map { name in
            reference.tag = name
            return ImportPlan.Tag(name: name, from: reference.exact)
        }
    }

    /// `299 - "text"` (RFC 9111, 5.5, as Kubernetes uses it).
    static func text(ofWarning value: String) -> String {
        guard let start = value.firstIndex(of: "\""), let end = value.lastIndex(of: "\""), start < end else {
            return value
        }
        return String(value[value.index(after: start)..<end]).replacing("\\\"", with: "\"").replacing(
            "\\\\", with: "\\")
    }
}
