import Foundation
import JSON
import Testing

/// Statement 175 of the conformance list, spec/api-machinery.md 12: kubectl, command by command, as it is installed.
@Suite("175. kubectl", .serialized, .sharedServer)
struct KubectlCommandTests {
    private static func make() async throws -> (Kubectl, Project) {
        let project = try await Project.make()
        return (try await Kubectl(project.server, namespace: project.name), project)
    }

    /// A manifest of a stream with the tag v1.
    private static func manifest(_ name: String = "app", image: String = "app:1", _ metadata: String = "") -> String {
        imageStream(name, metadata, spec: tags(("v1", image)))
    }

    private static let app = "imagestream.image.openshift.io/app"

    @Test("create says what it made, and refuses what is there or unknown")
    func create() async throws {
        let (kubectl, project) = try await Self.make()
        #expect(
            try await kubectl("create", "--dry-run=server", "-f", "-", input: Self.manifest())
                == "\(Self.app) created (server dry run)\n")
        try await project.get("/app").expect(404)
        #expect(try await kubectl("create", "-f", "-", input: Self.manifest()) == "\(Self.app) created\n")
        let again = try await kubectl.attempt(["create", "-f", "-"], input: Self.manifest())
        #expect(again.exit == 1)
        #expect(
            again.errors.contains(#"(AlreadyExists): error when creating "STDIN": imagestreams.image.openshift.io"#))
        let odd = imageStream("odd", spec: #""odd":1"#)
        let strict = try await kubectl.attempt(["create", "--validate=strict", "-f", "-"], input: odd)
        #expect(strict.exit == 1)
        #expect(
            strict.errors
                == #"Error from server (BadRequest): error when creating "STDIN": ImageStream in version "v1" cannot be handled as a ImageStream: strict decoding error: unknown field "spec.odd""#
                + "\n")
        let warned = try await kubectl.attempt(["create", "--validate=warn", "-f", "-"], input: odd)
        #expect(warned.exit == 0)
        #expect(warned.errors == "Warning: unknown field \"spec.odd\"\n")
        let ignored = try await kubectl.attempt(
            ["create", "--validate=ignore", "-f", "-"], input: imageStream("odder", spec: #""odd":1"#))
        #expect(ignored.exit == 0 && ignored.errors.isEmpty)
    }

    @Test("apply creates, changes, and changes nothing; diff tells by its exit code")
    func apply() async throws {
        let (kubectl, project) = try await Self.make()
        func apply(_ manifest: String) async throws -> String {
            try await kubectl("apply", "-f", "-", input: manifest)
        }
        func diff(_ manifest: String, _ options: String...) async throws -> ProgramResult {
            try await kubectl.attempt(["diff", "-f", "-"] + options, input: manifest)
        }
        #expect(try await diff(Self.manifest()).exit == 1)
        try await project.get("/app").expect(404)
        #expect(try await apply(Self.manifest()) == "\(Self.app) created\n")
        #expect(try await apply(Self.manifest()) == "\(Self.app) unchanged\n")
        #expect(try await diff(Self.manifest()).exit == 0)
        let changed = Self.manifest(image: "app:2")
        for options in [[], ["--server-side", "--force-conflicts"]] {
            let difference = try await kubectl.attempt(["diff", "-f", "-"] + options, input: changed)
            #expect(difference.exit == 1, "\(difference.errors)")
            #expect(difference.output.contains("\n-      name: registry.example/app:1\n"))
            #expect(difference.output.contains("\n+      name: registry.example/app:2\n"))
        }
        #expect(try await apply(changed) == "\(Self.app) configured\n")
        // What is applied no more goes, though another added to the list meanwhile.
        try await kubectl("patch", "is", "app", "--type=strategic", "-p", #"{"spec":{\#(tags(("v2", "app:3")))}}"#)
        #expect(try await apply(imageStream("app", spec: #""tags":[]"#)) == "\(Self.app) configured\n")
        #expect(try await kubectl("get", "is", "app", "-o", "jsonpath={.spec.tags[*].name}") == "v2")
        #expect(try await diff("{").exit > 1)
    }

    @Test("apply --server-side tells of conflicts, and can be forced")
    func serverSideApply() async throws {
        let (kubectl, _) = try await Self.make()
        let applied = "\(Self.app) serverside-applied\n"
        #expect(try await kubectl("apply", "--server-side", "-f", "-", input: Self.manifest()) == applied)
        let arguments = ["apply", "--server-side", "--field-manager=ci", "-f", "-"]
        let other = Self.manifest(image: "app:2")
        let conflict = try await kubectl.attempt(arguments, input: other)
        #expect(conflict.exit == 1)
        #expect(
            conflict.errors.hasPrefix(
                #"error: Apply failed with 1 conflict: conflict with "kubectl": .spec.tags[name="v1"].from"#),
            "\(conflict.errors)")
        #expect(conflict.errors.contains("--force-conflicts"))
        #expect(try await kubectl.attempt(arguments + ["--force-conflicts"], input: other).output == applied)
        let managers = try await kubectl(
            "get", "is", "app", "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}")
        #expect(managers.split(separator: " ").sorted() == ["ci", "kubectl"])
    }

    @Test("edit, replace, label, annotate and the three patches change what they name")
    func change() async throws {
        let (kubectl, project) = try await Self.make()
        try await project.post(Self.manifest("app", #""labels":{"tier":"web"}"#)).expect(201)
        func metadata() async throws -> JSONValue? { try await project.get("/app")["metadata"] }

        let edited = try await kubectl.attempt(["edit", "is", "app"], editor: "sed -i 's/tier: web/tier: db/'")
        #expect(edited.output == "\(Self.app) edited\n", "\(edited.errors)")
        #expect(try await metadata()?["labels"] == ["tier": "db"])
        let untouched = try await kubectl.attempt(["edit", "is", "app"], editor: "true")
        #expect(untouched.errors.contains("Edit cancelled, no changes made."))

        #expect(try await kubectl("label", "is", "app", "x=1") == "\(Self.app) labeled\n")
        #expect(try await kubectl.attempt(["label", "is", "app", "x=2"]).exit == 1)
        try await kubectl("label", "is", "app", "x=2", "tier-", "--overwrite")
        #expect(try await metadata()?["labels"] == ["x": "2"])
        #expect(try await kubectl("annotate", "is", "app", "note=1") == "\(Self.app) annotated\n")
        #expect(try await metadata()?["annotations"]?["note"] == "1")

        let patched = "\(Self.app) patched\n"
        #expect(
            try await kubectl(
                "patch", "is", "app", "--type=strategic", "-p", #"{"spec":{\#(tags(("v2", "app:2")))}}"#) == patched)
        #expect(try await project.get("/app")["spec.tags"]?.arrayValue?.count == 2)
        let merge = ["patch", "is", "app", "--type=merge", "-p", #"{"metadata":{"labels":{"m":"1"}}}"#]
        #expect(try await kubectl.attempt(merge).output == patched)
        #expect(try await kubectl.attempt(merge).output == "\(Self.app) patched (no change)\n")
        #expect(
            try await kubectl(
                "patch", "is", "app", "--type=json", "-p", #"[{"op":"remove","path":"/metadata/labels/m"}]"#) == patched
        )
        #expect(try await metadata()?["labels"] == ["x": "2"])

        #expect(try await kubectl("replace", "-f", "-", input: Self.manifest()) == "\(Self.app) replaced\n")
        #expect(try await metadata()?["labels"] == nil)
        let before = try await metadata()?["uid"]
        try await kubectl("replace", "--force", "-f", "-", input: Self.manifest())
        #expect(try await metadata()?["uid"] != before)
    }

    @Test("get prints columns, pages, paths and selections")
    func get() async throws {
        let (kubectl, project) = try await Self.make()
        for (name, tier) in [("c", "web"), ("a", "db"), ("b", "web")] {
            try await project.create(
                name, #""labels":{"tier":"\#(tier)"},"annotations":{"order":"\#(name == "a" ? 9 : 1)"}"#,
                spec: tags(("v1", "app:1")))
        }
        let wide = try await kubectl("get", "is", "-o", "wide").split(separator: "\n")
        #expect(wide.first?.split(separator: " ").joined(separator: " ") == "NAME IMAGE REPOSITORY TAGS UPDATED")
        #expect(wide.dropFirst().map { $0.prefix(2) } == ["a ", "b ", "c "])
        let names = { (names: [String]) in names.map { "imagestream.image.openshift.io/\($0)\n" }.joined() }
        let paged = try await kubectl.attempt(["get", "is", "--chunk-size=2", "-o", "name", "-v=6"])
        #expect(paged.output == names(["a", "b", "c"]))
        #expect(paged.errors.contains("continue="), "\(paged.errors)")
        #expect(try await kubectl("get", "is", "-o", "jsonpath={.items[*].spec.tags[0].name}") == "v1 v1 v1")
        #expect(
            try await kubectl("get", "is", "--sort-by=.metadata.annotations.order", "-o", "name")
                == names(["b", "c", "a"]))
        #expect(try await kubectl("get", "is", "--field-selector=metadata.name=b", "-o", "name") == names(["b"]))
        #expect(try await kubectl("get", "is", "-l", "tier in (web),x!=y", "-o", "name") == names(["b", "c"]))
        #expect(
            try await kubectl("get", "--raw", "\(project.streams)/a").hasPrefix(#"{"kind":"ImageStream","#))

        let watch = try kubectl.background("get", "is", "a", "-w", "-o", "name")
        defer { watch.signal(SIGTERM) }
        try await eventually("the watch shows what is there; \(watch.errors)") { watch.output == names(["a"]) }
        try await project.change("b", #"{"metadata":{"labels":{"x":"1"}}}"#)
        try await project.change("a", #"{"metadata":{"labels":{"x":"1"}}}"#)
        try await eventually("the watch shows the change of its object") { watch.output == names(["a", "a"]) }
    }

    @Test("wait waits for a value and for the end of an object")
    func wait() async throws {
        let (kubectl, project) = try await Self.make()
        try await project.create("app", #""finalizers":["example.com/f"]"#)
        let value = try kubectl.background("wait", "is/app", "--for=jsonpath={.metadata.labels.x}=1", "--timeout=60s")
        let end = try kubectl.background("wait", "is/app", "--for=delete", "--timeout=60s")
        try await kubectl("label", "is", "app", "x=1")
        #expect(try await value.end() == 0, "\(value.errors)")
        #expect(value.output == "\(Self.app) condition met\n")
        try await kubectl("delete", "is", "app", "--wait=false")
        #expect(end.isRunning, "\(end.errors)")
        try await kubectl("patch", "is", "app", "--type=merge", "-p", #"{"metadata":{"finalizers":null}}"#)
        #expect(try await end.end() == 0, "\(end.errors)")
    }

    @Test("delete ends whatever is to become of dependents", arguments: ["foreground", "orphan", "background"])
    func delete(cascade: String) async throws {
        let (kubectl, project) = try await Self.make()
        try await project.create("app")
        #expect(
            try await kubectl("delete", "is", "app", "--cascade=\(cascade)", "--timeout=30s")
                == "imagestream.image.openshift.io \"app\" deleted\n")
        try await project.get("/app").expect(404)
    }

    @Test("explain knows the fields; api-resources and api-versions what is served")
    func discovery() async throws {
        let (kubectl, _) = try await Self.make()
        let tags = try await kubectl("explain", "imagestream.spec.tags")
        #expect(tags.contains("tags") && tags.contains("<[]TagReference>"))
        #expect(tags.contains("tags map arbitrary string values to specific image locators"))
        let recursive = try await kubectl("explain", "is", "--recursive")
        for field in ["importPolicy", "insecure\t<boolean>", "dockerImageReference\t<string>"] {
            #expect(recursive.contains(field), "\(field)")
        }
        let resources = try await kubectl("api-resources", "--api-group=image.openshift.io", "--no-headers")
        let rows = resources.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(rows.contains(["imagestreams", "is", "image.openshift.io/v1", "true", "ImageStream"]))
        #expect(rows.contains(["images", "image.openshift.io/v1", "false", "Image"]))
        #expect(try await kubectl("api-resources", "--verbs=deletecollection", "-o", "name").contains("imagestreams"))
        #expect(try await kubectl("api-versions").split(separator: "\n").contains("image.openshift.io/v1"))
    }
}
