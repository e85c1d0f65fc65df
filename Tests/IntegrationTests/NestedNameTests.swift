import Foundation
import JSON
import Testing

/// spec/registry.md S-2.
@Suite("Repository names with more than two parts")
struct NestedNameTests {
    private static let flatten = ["--registry-nested-names", "flatten"]

    private static func names(_ answer: API.Answer) throws -> [String] {
        try answer.json()["repositories"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// Why a name is refused; nil for what is not.
    private static func reason(_ answer: API.Answer) throws -> String? {
        let error = try answer.json()["errors"]?.arrayValue?.first
        guard answer.status == 400, error?["code"] == "NAME_INVALID" else { return nil }
        return error?["detail"]?["reason"]?.stringValue
    }

    @Test("they are no names unless they are wanted")
    func refused() async throws {
        try await WeirProcess.run { _, api in
            try await api.createNamespace("p")
            let answer = try await api.send("POST", "/v2/p/charts/app/blobs/uploads/", [])
            #expect(try Self.reason(answer) != nil, "\(answer.text)")
            #expect(try await api.get("/openshift/token?scope=repository:p/charts/app:pull").status == 401)
        }
    }

    @Test("they are pushed and pulled as the client writes them, and become streams that remember it")
    func pushed() async throws {
        try await WeirProcess.run(nil, Self.flatten) { _, api in
            try await api.createNamespace("p")
            let image = try await api.pushImage([1, 2, 3], to: "p/charts/app/web", tag: "v1")
            let stream = try await api.get(API.streams("p") + "/charts.app.web").json()
            #expect(
                stream["metadata"]?["annotations"]?["image.openshift.io/repositoryPath"] == "charts/app/web")
            for name in ["p/charts/app/web", "p/charts.app.web"] {
                let pulled = try await api.manifest("v1", of: name)
                #expect(pulled.status == 200 && pulled.body == image.manifest, "\(name)")
                let tags = try await api.get("/v2/\(name)/tags/list").json()
                #expect(tags["name"]?.stringValue == name)
                #expect(tags["tags"] == ["v1"])
            }
            // Another tag, by way of a session: each answer says where to go on, by the same name.
            let begun = try await api.send("POST", "/v2/p/charts/app/web/blobs/uploads/", [])
            let session = try #require(begun.headers.first(name: "location"))
            #expect(begun.status == 202 && session.hasPrefix("/v2/p/charts/app/web/blobs/uploads/"), "\(session)")
            #expect(try await api.send("PATCH", session, [4, 5], type: "application/octet-stream").status == 202)
            let digest = API.digest([4, 5])
            let ended = try await api.send("PUT", "\(session)?digest=\(digest)", [])
            #expect(ended.headers.first(name: "location") == "/v2/p/charts/app/web/blobs/\(digest)", "\(ended.text)")
            try await api.pushImage([4, 5], to: "p/charts/app/web", tag: "v2")
            let page = try await api.get("/v2/p/charts/app/web/tags/list?n=1")
            let next = try #require(page.headers.first(name: "link"))
            #expect(next.hasPrefix("</v2/p/charts/app/web/tags/list?"), "\(next)")
            let unknown = try await api.get("/v2/p/charts/none/tags/list")
            #expect(unknown.status == 404 && unknown.text.contains("p/charts/none"), "\(unknown.text)")
        }
    }

    @Test("two names that would be one stream are kept apart: the second is refused, whichever way it asks")
    func collision() async throws {
        try await WeirProcess.run(nil, Self.flatten) { _, api in
            try await api.createNamespace("p")
            try await api.pushImage([1], to: "p/a/b/c", tag: "v1")
            let put = try await api.send(
                "PUT", "/v2/p/a/b.c/manifests/v2", [123, 125], type: API.manifestType)
            #expect(try Self.reason(put)?.contains("p/a.b.c, which was made as p/a/b/c") == true, "\(put.text)")
            for path in ["/v2/p/a.b/c/tags/list", "/v2/p/a/b.c/manifests/v1", "/v2/p/a.b/c/blobs/\(API.digest([1]))"] {
                #expect(try Self.reason(try await api.get(path)) != nil, "\(path)")
            }
            let upload = try await api.send("POST", "/v2/p/a/b.c/blobs/uploads/", [])
            #expect(try Self.reason(upload) != nil, "\(upload.text)")
            // A stream of the API, which nobody has made by a long name.
            _ = try await api.createStream("x.y", in: "p")
            #expect(try Self.reason(try await api.get("/v2/p/x/y/tags/list"))?.contains("p/x.y") == true)
            #expect(try await api.get("/v2/p/x.y/tags/list").status == 200)
            #expect(try await api.manifest("v1", of: "p/a/b/c").status == 200)
        }
    }

    @Test("of many first pushes at once by names that would be one stream, those of one name get through")
    func race() async throws {
        try await WeirProcess.run(nil, Self.flatten) { _, api in
            try await api.createNamespace("p")
            let names = ["p/a/b/c", "p/a.b/c", "p/a/b.c"]
            let config = Array(#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#.utf8)
            let digest = try await api.pushBlob(config, to: names[0])
            let manifest = Array(
                """
                {"schemaVersion":2,"mediaType":"\(API.manifestType)","layers":[],"config":\
                {"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\(digest)","size":\(config.count)}}
                """.utf8)
            let good = try await withThrowingTaskGroup(of: String?.self) { group in
                for number in 0..<12 {
                    let name = names[number % names.count]
                    group.addTask {
                        let answer = try await api.send(
                            "PUT", "/v2/\(name)/manifests/v\(number)", manifest, type: API.manifestType)
                        let isRefused = try answer.status == 400 && Self.reason(answer) != nil
                        #expect(answer.status == 201 || isRefused, "\(answer.text)")
                        return answer.status == 201 ? name : nil
                    }
                }
                return try await group.reduce(into: Set<String>()) { if let name = $1 { $0.insert(name) } }
            }
            #expect(good.count == 1)
            let stream = try await api.get(API.streams("p") + "/a.b.c").json()
            let known = stream["metadata"]?["annotations"]?["image.openshift.io/repositoryPath"]?.stringValue
            #expect(good.first == "p/\(known ?? "")")
        }
    }

    @Test("mounts take their source by its long name, the catalog shows it, and so do tokens and the audit log")
    func elsewhere() async throws {
        let scratch = try Scratch()
        let log = scratch.path + "/audit.log"
        try await WeirProcess.run(nil, Self.flatten + ["--audit-log", log]) { _, api in
            try await api.createNamespace("p")
            try await api.pushImage([7], to: "p/a/b", tag: "v1")
            try await api.pushImage([8], to: "p/a.c", tag: "v1")
            try await api.pushImage([9], to: "p/zz", tag: "v1")
            func mount(from source: String) async throws -> API.Answer {
                try await api.send(
                    "POST", "/v2/p/x/y/blobs/uploads/?mount=\(API.digest([7]))&from=\(source)", [])
            }
            #expect(try await mount(from: "p/a/c").status == 202)
            let mounted = try await mount(from: "p/a/b")
            #expect(mounted.status == 201, "\(mounted.text)")
            #expect(mounted.headers.first(name: "location") == "/v2/p/x/y/blobs/\(API.digest([7]))")

            #expect(try Self.names(try await api.get("/v2/_catalog")) == ["p/a/b", "p/a.c", "p/zz"])
            let first = try await api.get("/v2/_catalog?n=1")
            #expect(try Self.names(first) == ["p/a/b"])
            let next = try #require(first.headers.first(name: "link")?.dropFirst().prefix { $0 != ">" })
            #expect(try Self.names(try await api.get(String(next))) == ["p/a.c"])

            var nobody = api
            nobody.token = nil
            let challenge = try await nobody.get("/v2/p/a/b/tags/list")
            let header = challenge.headers.first(name: "www-authenticate") ?? ""
            #expect(challenge.status == 401 && header.contains("scope=\"repository:p/a/b:pull\""), "\(header)")
            #expect(try await nobody.get("/openshift/token?scope=repository:p/a/b:pull").status == 200)
            #expect(try await nobody.get("/openshift/token?scope=repository:p:pull").status == 401)
            try await eventually("the audit log names the repository as the client does") {
                let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
                return text.split(separator: "\n").contains {
                    $0.contains(#""registry.weir.dev/repository":"p/a/b""#) && $0.contains(#""name":"a.b""#)
                }
            }
        }
    }

    @Test("what is neither refuse nor flatten keeps the server from starting")
    func settings() async throws {
        let scratch = try Scratch()
        let child = try WeirProcess.launch(scratch.path + "/data", ["--registry-nested-names", "yes"])
        let exit = try await child.end(within: .seconds(60))
        #expect(exit != 0)
        #expect(child.errors.contains("registry-nested-names must be refuse or flatten"), "\(child.errors)")
    }
}
