import Foundation
import JSON
import Testing

/// The requests of `oc new-project` and its siblings (spec/clients.md 2.6).
@Suite("Projects")
struct ProjectTests {
    private static let group = "/apis/project.openshift.io/v1"

    private static func user(_ name: String) -> [(String, String)] {
        [
            ("Impersonate-User", name), ("Impersonate-Group", "system:authenticated"),
            ("Impersonate-Group", "system:authenticated:oauth"),
        ]
    }

    @Test("oc new-project: may I, please, and it is mine at once")
    func request() async throws {
        try await WeirProcess.run { _, api in
            let alice = Self.user("alice")
            let asked = try await api.ask("GET", Self.group + "/projectrequests", headers: alice)
            #expect(asked.status == 200)
            #expect(try asked.json()["status"] == "Success")
            let body =
                #"{"kind":"ProjectRequest","apiVersion":"project.openshift.io/v1","metadata":{"name":"shop"},"displayName":"The Shop","description":"sells"}"#
            let made = try await api.ask("POST", Self.group + "/projectrequests", body, headers: alice)
            #expect(made.status == 201)
            let project = try made.json()
            #expect(project["kind"] == "Project")
            #expect(project["status"]?["phase"] == "Active")
            #expect(project["spec"]?["finalizers"] == ["kubernetes"])
            let notes = project["metadata"]?["annotations"]
            #expect(notes?["openshift.io/display-name"] == "The Shop")
            #expect(notes?["openshift.io/description"] == "sells")
            #expect(notes?["openshift.io/requester"] == "alice")
            let streams = "/apis/image.openshift.io/v1/namespaces/shop/imagestreams"
            #expect(try await api.ask("POST", streams, #"{"metadata":{"name":"app"}}"#, headers: alice).status == 201)
            #expect(try await api.ask("GET", Self.group + "/projects", headers: alice).names() == ["shop"])
            #expect(try await api.ask("GET", Self.group + "/projects", headers: Self.user("bob")).names() == [])

            let again = try await api.ask("POST", Self.group + "/projectrequests", body, headers: Self.user("bob"))
            #expect(again.status == 409)
            #expect(again.message == #"project.project.openshift.io "shop" already exists"#)
            for (name, text) in [
                ("kube", #"cannot request a project with the name "kube""#),
                ("openshift-x", #"cannot request a project starting with "openshift-""#),
            ] {
                let answer = try await api.ask(
                    "POST", Self.group + "/projectrequests", #"{"metadata":{"name":"\#(name)"}}"#, headers: alice)
                #expect(answer.status == 403)
                #expect(answer.message == #"project.project.openshift.io "\#(name)" is forbidden: \#(text)"#)
            }
            let robot = [("Impersonate-User", "system:serviceaccount:shop:default")]
            let denied = try await api.ask("GET", Self.group + "/projectrequests", headers: robot)
            #expect(denied.status == 403)
            #expect(denied.message == "You may not request a new project via this API.")

            let table = try await api.ask(
                "GET", Self.group + "/projects",
                headers: alice + [("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")])
            let columns = try table.json()["columnDefinitions"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
            #expect(columns == ["Name", "Display Name", "Status", "Age"])

            let renamed = try await api.ask(
                "PATCH", Self.group + "/projects/shop",
                #"{"metadata":{"annotations":{"openshift.io/display-name":"Store"}}}"#,
                type: "application/merge-patch+json", headers: alice)
            #expect(renamed.status == 200)
            let labelled = try await api.ask(
                "PATCH", Self.group + "/projects/shop", #"{"metadata":{"labels":{"a":"b"}}}"#,
                type: "application/merge-patch+json", headers: alice)
            #expect(labelled.status == 422)
            #expect(labelled.message.contains("field is immutable, try updating the namespace"))

            #expect(try await api.ask("DELETE", Self.group + "/projects/shop", headers: alice).status == 200)
            try await eventually("the project is gone") {
                try await api.get("/api/v1/namespaces/shop").status == 404
            }
            #expect(try await api.get("/apis/rbac.authorization.k8s.io/v1/rolebindings").names().isEmpty == false)
            let left = try await api.get("/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings").names()
            #expect(left == [])
        }
    }

    @Test("A watch on projects shows what comes and goes with rights")
    func watch() async throws {
        try await WeirProcess.run { server, api in
            try await api.createNamespace("first")
            try await api.createNamespace("second")
            try await api.bind("carol", to: "view", in: "first")
            let carol = [("Impersonate-User", "carol")]
            let watch = try await Watch(server, Self.group + "/projects?watch=true", headers: carol)
            func seen(_ events: [String]) async throws {
                try await eventually("the watch shows \(events), not \(watch.events)") {
                    watch.events.map(\.description) == events
                }
            }
            try await seen(["ADDED first"])
            try await api.bind("carol", to: "view", in: "second")
            try await seen(["ADDED first", "ADDED second"])
            #expect(
                try await api.ask(
                    "DELETE", "/apis/rbac.authorization.k8s.io/v1/namespaces/first/rolebindings/carol"
                ).status == 200)
            try await seen(["ADDED first", "ADDED second", "DELETED first"])
            try await api.createNamespace("third")
            #expect(try await api.ask("DELETE", "/api/v1/namespaces/second").status == 200)
            try await eventually("the second goes, and the third is never seen: \(watch.events)") {
                watch.events.last?.description == "DELETED second"
                    && !watch.events.contains { $0.name == "third" }
            }
        }
    }
}
