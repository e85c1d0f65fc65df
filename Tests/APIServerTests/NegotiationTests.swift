import APIMachinery
import HTTPTypes
import Testing

@testable import APIServer

@Suite("Negotiation")
struct NegotiationTests {
    private static func form(
        _ accept: String?, query: String = "", agent: String = "test", offer: OutputForm.Offer = .init()
    ) throws(APIError) -> OutputForm {
        var headers: HTTPFields = [.userAgent: agent]
        if let accept { headers[.accept] = accept }
        return try OutputForm.negotiate(
            ServerRequest(method: "GET", path: "/", query: query, headers: headers), QueryParameters(query),
            offer: offer)
    }

    private static let table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    private static let kubectl =
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"

    @Test(
        "chooses the first form that can be had",
        arguments: [
            (nil, .json, .none), ("", .json, .none), ("*/*", .json, .none),
            ("application/yaml", .yaml, .none), ("application/json", .json, .none),
            ("application/json; charset=utf-8", .json, .none), ("Application/JSON", .json, .none),
            ("text/html, */*;q=0.1", .json, .none),
            ("application/json;q=0.2, application/yaml;q=0.9", .yaml, .none),
            ("application/json;q=x,application/yaml", .json, .none),
            (kubectl, .json, .table(version: "v1")),
            ("application/json;as=Table;v=v2;g=meta.k8s.io,application/json", .json, .none),
            ("application/json;as=Table;v=v1;g=other,application/yaml", .yaml, .none),
            ("application/json;as=Frob;v=v1;g=meta.k8s.io,application/json", .json, .none),
            ("application/yaml;as=Table;v=v1beta1;g=meta.k8s.io", .yaml, .table(version: "v1beta1")),
            ("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", .json, .partial(version: "v1")),
            ("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", .json, .partialList(version: "v1")),
            ("application/json;sv=v2,application/yaml;sv=v1", .yaml, .none),
            ("application/vnd.kubernetes.protobuf,application/json", .protobuf, .none),
            (
                "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json", .json,
                .none
            ),
            (
                "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", .protobuf,
                .partial(version: "v1")
            ),
            (",;,application/json", .json, .none),
        ] as [(String?, OutputForm.MediaType, OutputForm.Conversion)])
    func choice(_ accept: String?, _ type: OutputForm.MediaType, _ conversion: OutputForm.Conversion) throws {
        let form = try Self.form(accept)
        #expect(form.mediaType == type)
        #expect(form.conversion == conversion)
    }

    @Test("refuses what it cannot give with 406")
    func refusal() {
        for accept in ["text/html", "image/*", "nonsense", "application/cbor"] {
            let error = #expect(throws: APIError.self) { try Self.form(accept) }
            #expect(error?.code == 406)
            #expect(error?.message.contains("application/json, application/yaml") == true)
        }
        // The router knows the type, the endpoint has no table.
        let error = #expect(throws: APIError.self) { try Self.form(Self.table, offer: .init(hasTable: false)) }
        #expect(error?.code == 406)
        #expect(error?.message.hasPrefix("only the following media types are accepted: ") == true)
    }

    @Test("has no YAML of a stream")
    func streams() throws {
        let error = #expect(throws: APIError.self) { try Self.form("application/yaml", offer: .init(isStream: true)) }
        #expect(error?.code == 406)
        #expect(error?.message.contains("stream=watch") == true)
        #expect(try Self.form("application/json;stream=watch", offer: .init(isStream: true)).mediaType == .json)
    }

    @Test("indents for people and where it is wanted")
    func pretty() throws {
        #expect(try Self.form(nil, agent: "curl/8").isPretty)
        #expect(try Self.form(nil, agent: "Mozilla/5.0 (X11)").isPretty)
        #expect(try !Self.form(nil).isPretty)
        #expect(try Self.form(nil, query: "pretty=true").isPretty)
        #expect(try !Self.form(nil, query: "pretty=false", agent: "curl/8").isPretty)
        #expect(try Self.form("application/json;pretty=1").isPretty)
    }

    @Test("reads an Accept header of any size in bounded time", .timeLimit(.minutes(1)))
    func flood() {
        _ = try? Self.form(String(repeating: "a/b;c=d;e=f,", count: 20_000))
        _ = try? Self.form(String(repeating: ",", count: 250_000))
        _ = try? Self.form("application/json" + String(repeating: ";a=b", count: 60_000))
    }

    @Test(
        "reads bodies by their type",
        arguments: [
            (nil, .json), ("", .json), ("application/json", .json), ("application/json; charset=utf-8", .json),
            (" application/yaml ;x", .yaml), ("APPLICATION/YAML", .yaml),
            ("application/vnd.kubernetes.protobuf", .protobuf),
            ("text/plain", nil), ("application/x-www-form-urlencoded", nil), ("application", nil),
        ] as [(String?, InputFormat?)])
    func bodies(_ contentType: String?, _ format: InputFormat?) throws {
        guard let format else {
            let error = #expect(throws: APIError.self) { try InputFormat(contentType: contentType) }
            #expect(error?.code == 415)
            return
        }
        #expect(try InputFormat(contentType: contentType) == format)
    }

    @Test("wants the type of a patch")
    func patches() throws {
        #expect(try PatchFormat(contentType: "application/merge-patch+json; charset=utf-8") == .merge)
        #expect(try PatchFormat(contentType: "application/json-patch+json") == .json)
        for type in [nil, "", "application/json", "application/merge-patch"] {
            let error = #expect(throws: APIError.self) { try PatchFormat(contentType: type) }
            #expect(error?.code == 415)
        }
    }
}
