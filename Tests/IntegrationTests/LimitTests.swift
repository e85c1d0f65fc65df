import Foundation
import JSON
import Testing

/// spec/image-resources.md 19: limits and quotas as people meet them.
@Suite("kubectl, limits and quotas", .sharedServer)
struct KubectlLimitTests {
    private static func make() async throws -> (Kubectl, Project) {
        let project = try await Project.make()
        return (try await Kubectl(project.server, namespace: project.name), project)
    }

    /// The words of a text, line by line, whatever the width of its columns.
    private static func words(_ text: String) -> [String] {
        text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    }

    @Test("a LimitRange is shown, described and explained, and keeps streams small")
    func limits() async throws {
        let (kubectl, _) = try await Self.make()
        let manifest = """
            apiVersion: v1
            kind: LimitRange
            metadata: {name: images}
            spec:
              limits:
              - type: openshift.io/Image
                max: {storage: 1024Mi}
              - type: openshift.io/ImageStream
                max: {openshift.io/image-tags: 1, openshift.io/images: "30"}
            """
        #expect(try await kubectl("apply", "-f", "-", input: manifest) == "limitrange/images created\n")
        #expect(try await kubectl("apply", "-f", "-", input: manifest).hasPrefix("limitrange/images "))
        #expect(Self.words(try await kubectl("get", "limits")).first == "NAME CREATED AT")
        let description = Self.words(try await kubectl("describe", "limits", "images"))
        #expect(description.contains("openshift.io/Image storage - 1Gi - - -"))
        #expect(description.contains("openshift.io/ImageStream openshift.io/image-tags - 1 - - -"))
        #expect(try await kubectl("explain", "limits.spec.limits.max").contains("FIELD: max <map[string]Quantity>"))

        let tooMany = try await kubectl.attempt(
            ["create", "-f", "-"], input: imageStream("app", spec: tags(("a", "app:1"), ("b", "app:2"))))
        #expect(tooMany.exit == 1)
        #expect(
            tooMany.errors.contains(
                "requested usage of openshift.io/image-tags exceeds the maximum limit per openshift.io/ImageStream (2 > 1)"
            ), "\(tooMany.errors)")
        // What a limit says holds from the moment it is said.
        let change = #"{"spec":{"limits":[{"type":"openshift.io/ImageStream","max":{"openshift.io/image-tags":2}}]}}"#
        try await kubectl("patch", "limits", "images", "--type=merge", "-p", change)
        try await kubectl("create", "-f", "-", input: imageStream("app", spec: tags(("a", "app:1"), ("b", "app:2"))))

        let odd = try await kubectl.attempt(["create", "-f", "-"], input: manifest.replacing("1024Mi", with: "1GiB"))
        #expect(odd.exit == 1)
        #expect(odd.errors.contains("quantities must match the regular expression"), "\(odd.errors)")
        let invalid = try await kubectl.attempt(
            ["create", "-f", "-"],
            input: manifest.replacing("openshift.io/Image\n", with: "Image\n").replacing("images}", with: "more}"))
        #expect(
            invalid.errors.contains("must be a standard limit type or fully qualified"), "\(invalid.errors)")
        #expect(try await kubectl("delete", "limits", "--all") == "limitrange \"images\" deleted\n")
    }

    @Test("a ResourceQuota counts streams, refuses one too many, and lets go of those that are deleted")
    func quotas() async throws {
        let (kubectl, project) = try await Self.make()
        try await kubectl("create", "quota", "streams", "--hard=openshift.io/imagestreams=2")
        try await kubectl(
            "wait", "quota/streams", "--for=jsonpath={.status.used.openshift\\.io/imagestreams}=0", "--timeout=20s")
        try await kubectl("create", "-f", "-", input: imageStream("a"))
        try await kubectl("create", "-f", "-", input: imageStream("b"))
        let third = try await kubectl.attempt(["create", "-f", "-"], input: imageStream("c"))
        #expect(third.exit == 1)
        #expect(
            third.errors.contains(
                #"imagestreams.image.openshift.io "c" is forbidden: exceeded quota: streams, requested: openshift.io/imagestreams=1, used: openshift.io/imagestreams=2, limited: openshift.io/imagestreams=2"#
            ), "\(third.errors)")
        let table = Self.words(try await kubectl("get", "quota"))
        #expect(table.first == "NAME REQUEST LIMIT AGE")
        #expect(table.last?.hasPrefix("streams openshift.io/imagestreams: 2/2 ") == true)
        #expect(Self.words(try await kubectl("describe", "quota")).contains("openshift.io/imagestreams 2 2"))
        try await kubectl("delete", "is", "a")
        try await kubectl(
            "wait", "quota/streams", "--for=jsonpath={.status.used.openshift\\.io/imagestreams}=1", "--timeout=20s")
        try await kubectl("create", "-f", "-", input: imageStream("c"))
        #expect(try await kubectl("describe", "ns", project.name).contains("Resource Quotas"))
        // The quota goes with its namespace.
        try await kubectl("delete", "namespace", project.name, "--timeout=30s")
        let gone = try await kubectl.attempt(["get", "quota", "streams"])
        #expect(gone.exit == 1 && gone.errors.contains("NotFound"))
    }

    @Test("a ResourceQuota holds under many requests at once, and says the truth afterwards")
    func crowd() async throws {
        let (kubectl, project) = try await Self.make()
        try await kubectl("create", "quota", "q", "--hard=count/imagestreams.image.openshift.io=7")
        let used = "--for=jsonpath={.status.used.count/imagestreams\\.image\\.openshift\\.io}"
        try await kubectl("wait", "quota/q", "\(used)=0", "--timeout=20s")
        let answers = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<40 {
                group.addTask { try await project.post(imageStream("s\(number)")).status }
            }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(answers.count { $0 == 201 } == 7)
        #expect(answers.count { $0 == 403 } == 33)
        #expect(try await project.get().names().count == 7)
        try await kubectl("wait", "quota/q", "\(used)=7", "--timeout=20s")
        try await kubectl("delete", "is", "--all")
        try await kubectl("wait", "quota/q", "\(used)=0", "--timeout=20s")
    }

    @Test("both are served as protobuf, and taken as such by the same names as in JSON")
    func protobuf() async throws {
        let (kubectl, project) = try await Self.make()
        try await kubectl("create", "quota", "q", "--hard=openshift.io/imagestreams=5,pods=1k")
        try await kubectl("wait", "quota/q", "--for=jsonpath={.status.hard.pods}=1k", "--timeout=20s")
        let answer = try await project.api.send(
            "GET", "/api/v1/namespaces/\(project.name)/resourcequotas/q",
            headers: [("Accept", "application/vnd.kubernetes.protobuf")])
        #expect(answer.status == 200)
        let copy = try await project.api.send(
            "PUT", "/api/v1/namespaces/\(project.name)/resourcequotas/q", answer.body,
            type: "application/vnd.kubernetes.protobuf")
        #expect(copy.status == 200, "\(copy.text)")
        #expect(try await kubectl("get", "quota", "q", "-o", "jsonpath={.spec.hard.pods}") == "1k")
    }
}
