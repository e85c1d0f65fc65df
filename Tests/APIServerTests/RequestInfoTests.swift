import APIServer
import Testing

@Suite("What a request asks for")
struct RequestInfoTests {
    /// A row of the table: the fields as one line, absent ones as `-`.
    private static func line(_ info: RequestInfo) -> String {
        guard info.isResourceRequest else { return "\(info.verb) \(info.path)" }
        if info.isMalformed { return "malformed" }
        return [info.verb, info.group, info.namespace, info.resource, info.subresource, info.name]
            .map { $0.isEmpty ? "-" : $0 }.joined(separator: " ")
    }

    private static let image = "/apis/image.openshift.io/v1"

    @Test(
        "is read from method, path and query",
        arguments: [
            ("GET", "\(image)/imagestreams", "", "list image.openshift.io - imagestreams - -"),
            ("GET", "\(image)/namespaces/p/imagestreams", "watch=1", "watch image.openshift.io p imagestreams - -"),
            ("GET", "\(image)/namespaces/p/imagestreams", "watch=false", "list image.openshift.io p imagestreams - -"),
            ("GET", "\(image)/watch/namespaces/p/imagestreams/a", "", "watch image.openshift.io p imagestreams - a"),
            ("GET", "\(image)/watch/imagestreams", "", "watch image.openshift.io - imagestreams - -"),
            (
                "DELETE", "\(image)/namespaces/p/imagestreams", "",
                "deletecollection image.openshift.io p imagestreams - -"
            ),
            ("DELETE", "\(image)/namespaces/p/imagestreams/a", "", "delete image.openshift.io p imagestreams - a"),
            (
                "PUT", "\(image)/namespaces/p/imagestreams/a/status", "",
                "update image.openshift.io p imagestreams status a"
            ),
            ("PUT", "\(image)/namespaces/p/imagestreams/a/b/c/d", "", "update image.openshift.io p imagestreams b a"),
            (
                "POST", "\(image)/namespaces/p/imagestreamimports", "",
                "create image.openshift.io p imagestreamimports - -"
            ),
            (
                "PATCH", "\(image)/namespaces/p/imagestreamtags/a:b", "",
                "patch image.openshift.io p imagestreamtags - a:b"
            ),
            ("HEAD", "\(image)/images/x", "", "get image.openshift.io - images - x"),
            ("OPTIONS", "\(image)/images/x", "", "- image.openshift.io - images - x"),
            ("GET", "/api/v1/namespaces/p", "", "get - p namespaces - p"),
            ("GET", "/api/v1/namespaces", "", "list - - namespaces - -"),
            ("PUT", "/api/v1/namespaces/p/finalize", "", "update - p namespaces finalize p"),
            ("GET", "/api/v1/namespaces/p/status", "", "get - p namespaces status p"),
            ("GET", "/api/v1/namespaces/p/secrets", "", "list - p secrets - -"),
            ("GET", "/api/v1/proxy/namespaces/p/pods/x/y", "", "proxy - p pods - x"),
            ("GET", "/openapi/v2", "", "get /openapi/v2"),
            ("GET", "/api/v1", "", "get /api/v1"),
            ("GET", "/apis/image.openshift.io/v1", "", "get /apis/image.openshift.io/v1"),
            ("GET", "/apis/a/b", "", "get /apis/a/b"),
            ("POST", "/", "", "post /"),
            ("GET", "/healthz", "", "get /healthz"),
            ("GET", "//api//v1//namespaces//p//", "", "get - p namespaces - p"),
            ("GET", "/api/v1/watch", "", "malformed"),
            ("GET", "\(image)/proxy", "", "malformed"),
        ])
    func classification(_ method: String, _ path: String, _ query: String, _ expected: String) {
        #expect(Self.line(RequestInfo(method: method, path: path, query: QueryParameters(query))) == expected)
    }

    @Test(
        "takes the name of a collection request from its field selector, where it can only be one",
        arguments: [
            ("fieldSelector=metadata.name%3Da", "list", "a"),
            ("fieldSelector=metadata.name=a&watch=true", "watch", "a"),
            ("fieldSelector=metadata.name==a,metadata.namespace=p", "list", "a"),
            ("fieldSelector=metadata.name!%3Da", "list", ""),
            ("fieldSelector=metadata.name%3Da%2Fb", "list", ""),
            ("fieldSelector=metadata.name=", "list", ""),
            ("fieldSelector=nonsense", "list", ""),
        ])
    func selectedName(_ query: String, _ verb: String, _ name: String) {
        let info = RequestInfo(
            method: "GET", path: "\(Self.image)/namespaces/p/imagestreams", query: QueryParameters(query))
        #expect(info.verb == verb)
        #expect(info.name == name)
    }

    @Test("tells requests that last from those that end")
    func longRunning() {
        func info(_ path: String, _ query: String = "") -> RequestInfo {
            RequestInfo(method: "GET", path: path, query: QueryParameters(query))
        }
        #expect(info("\(Self.image)/imagestreams", "watch").isLongRunning)
        #expect(!info("\(Self.image)/imagestreams").isLongRunning)
        #expect(!info("/healthz", "watch=1").isLongRunning)
    }
}
