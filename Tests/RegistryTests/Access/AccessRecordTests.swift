import APIServer
import OCI
import Testing

@testable import Registry

@Suite("What a request of the registry wants to do")
struct AccessRecordTests {
    private static let app = path("ns/app")

    private static let rows: [(RegistryRoute, [String], [AccessRecord])] = [
        (.base, ["GET", "HEAD"], []), (.catalog, ["GET"], []), (.token, ["GET", "POST"], []), (.health, ["GET"], []),
        (.extensions(nil), ["GET"], []), (.metrics, ["GET"], [.metrics]),
        (.prunedBlob(digest("a")), ["DELETE"], [.prune]),
        (.extensions(app), ["GET"], [.repository(app, .pull)]),
        (.tags(app), ["GET", "HEAD"], [.repository(app, .pull)]),
        (.referrers(app, subject: "x"), ["GET", "HEAD"], [.repository(app, .pull)]),
        (.manifest(app, .tag("v1")), ["GET", "HEAD"], [.repository(app, .pull)]),
        (.manifest(app, .tag("v1")), ["PUT"], [.repository(app, .pull), .repository(app, .push)]),
        (.manifest(app, .digest(digest("a"))), ["PUT"], [.repository(app, .pull), .repository(app, .push)]),
        (.manifest(app, .digest(digest("a"))), ["DELETE"], [.repository(app, .delete)]),
        (.manifest(app, .tag("v1")), ["DELETE"], [.tagDeletion(app, tag: "v1")]),
        (.blob(app, digest("a")), ["GET", "HEAD"], [.repository(app, .pull)]),
        (.blob(app, digest("a")), ["DELETE"], [.repository(app, .delete)]),
        (.uploads(app), ["POST"], [.repository(app, .pull), .repository(app, .push)]),
        (.upload(app, id: "x"), ["PATCH", "PUT"], [.repository(app, .pull), .repository(app, .push)]),
        (.upload(app, id: "x"), ["GET", "HEAD", "DELETE"], [.repository(app, .push)]),
        (.signatures(app, digest("a")), ["GET", "HEAD"], [.readSignatures(app)]),
        (.signatures(app, digest("a")), ["PUT"], [.writeSignatures(app)]),
    ]

    @Test("Every method of every route asks for its permissions", arguments: rows)
    func records(_ route: RegistryRoute, _ methods: [String], _ expected: [AccessRecord]) {
        for method in methods { #expect(route.records(method: method) == expected, "\(method)") }
    }

    @Test("A long name is asked for in the scope as the client writes it, and permitted as the stream that it is")
    func nestedName() throws {
        let path = try RepositoryPath(parsing: "ns/charts/app", nested: .flatten)
        let records: [AccessRecord] = [.repository(path, .pull), .repository(path, .push)]
        #expect(Challenge.scope(records) == "repository:ns/charts/app:pull,push")
        #expect(Challenge.scope([.readSignatures(path)]) == "signature:ns/charts/app:get")
        #expect(records[0].permissions.map(\.name) == ["charts.app"])
    }

    private static let permissions: [(AccessRecord, [String])] = [
        (.repository(app, .pull), ["get imagestreams/layers ns app"]),
        (.repository(app, .push), ["update imagestreams/layers ns app"]),
        (.repository(app, .delete), ["delete imagestreams/layers ns app", "delete images  "]),
        (
            .tagDeletion(app, tag: "v1"),
            ["delete imagestreamtags ns app:v1", "delete imagestreams/layers ns app", "delete images  "]
        ),
        (.catalog, ["list imagestreams  "]), (.readSignatures(app), ["get imagestreams/layers ns app"]),
        (.writeSignatures(app), ["create imagesignatures ns app"]), (.metrics, ["get registry/metrics  "]),
        (.prune, ["delete images  "]),
    ]

    @Test("What is wanted is one of these permissions of the image API", arguments: permissions)
    func needs(_ record: AccessRecord, _ expected: [String]) {
        let seen = record.permissions.map { permission -> String in
            #expect(permission.group == "image.openshift.io")
            let resource = permission.subresource.isEmpty ? "" : "/\(permission.subresource)"
            return "\(permission.verb) \(permission.resource)\(resource) \(permission.namespace) \(permission.name)"
        }
        #expect(seen == expected)
    }
}
