import Foundation
import JSON
import Testing

/// Images are not all in memory: what shows many of them reads them from the store while it is sent.
@Suite("Many images")
struct LongListTests {
    private static let images = "/apis/image.openshift.io/v1/images"
    /// More than are read at a time.
    private static let count = 700

    private static func fill(_ api: API) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for number in stride(from: worker, to: count, by: 8) {
                        let answer = try await api.post(
                            images,
                            #"{"kind":"Image","apiVersion":"image.openshift.io/v1","metadata":{"name":"i\#(1_000 + number)","#
                                + #""labels":{"third":"\#(number % 3)"}},"dockerImageReference":"r/i:\#(number)"}"#)
                        guard answer.status == 201 else { throw TestFailure("create: \(answer.text)") }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("are listed, watched, selected and deleted whole, in every form, after a restart, too")
    func forms() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/data"
        try await WeirProcess.run(directory) { _, api in try await Self.fill(api) }
        try await WeirProcess.run(directory) { server, api in
            let names = (0..<Self.count).map { "i\(1_000 + $0)" }
            let whole = try await api.get(Self.images)
            #expect(whole.status == 200)
            #expect(try whole.names() == names)
            #expect(try whole.json()["items"]?.arrayValue?.allSatisfy { $0["kind"] == nil } == true)
            for form in ["Table", "PartialObjectMetadataList"] {
                let accept = "application/json;as=\(form);g=meta.k8s.io;v=v1"
                let shown = try await api.send("GET", Self.images, headers: [("Accept", accept)]).json()
                let rows = (shown["rows"] ?? shown["items"])?.arrayValue ?? []
                #expect(rows.map { ($0["object"] ?? $0).text(at: "metadata.name") ?? "" } == names, "\(form)")
            }
            let protobuf = try await api.send(
                "GET", Self.images, headers: [("Accept", "application/vnd.kubernetes.protobuf")])
            #expect(protobuf.headers.first(name: "Content-Type") == "application/vnd.kubernetes.protobuf")
            #expect(names.allSatisfy(protobuf.text.contains))
            let zipped = try await api.send("GET", Self.images, headers: [("Accept-Encoding", "gzip")])
            #expect(zipped.headers.first(name: "Content-Encoding") == nil, "its length is not known beforehand")
            #expect(try zipped.names() == names)

            let large = try await api.get(Self.images + "?limit=1000000")
            #expect(try large.names() == Array(names.prefix(500)))
            #expect(try large.json().at("metadata.remainingItemCount")?.integerValue == 200)
            let more = try large.json().text(at: "metadata.continue") ?? ""
            let end = try await api.get(Self.images + "?limit=1000000&continue=\(more)")
            #expect(try end.names() == Array(names.suffix(200)))

            let third = names.enumerated().filter { $0.offset % 3 == 1 }.map(\.element)
            #expect(try await api.get(Self.images + "?labelSelector=third%3D1").names() == third)
            let page = try await api.get(Self.images + "?labelSelector=third%3D1&limit=200")
            #expect(try page.names() == Array(third.prefix(200)))
            let token = try page.json().text(at: "metadata.continue") ?? ""
            let rest = try await api.get(Self.images + "?labelSelector=third%3D1&limit=200&continue=\(token)")
            #expect(try rest.names() == Array(third.dropFirst(200)))

            let watch = try await Watch(
                server,
                Self.images + "?watch=1&sendInitialEvents=true&allowWatchBookmarks=true"
                    + "&resourceVersionMatch=NotOlderThan")
            let events = try await watch.first(Self.count + 1)
            #expect(events.prefix(Self.count).map(\.description) == names.map { "ADDED \($0)" })
            #expect(events.last?.type == "BOOKMARK")

            let deleted = try await api.send("DELETE", Self.images + "?labelSelector=third%3D1", within: .seconds(120))
            #expect(try deleted.names() == third)
            let gone = try await watch.first(Self.count + 1 + third.count).suffix(third.count)
            #expect(Set(gone.map(\.description)) == Set(third.map { "DELETED \($0)" }))
            #expect(gone.allSatisfy { $0.object.text(at: "metadata.labels.third") == "1" })
            #expect(try await api.get(Self.images).names().count == Self.count - third.count)
        }
    }
}
