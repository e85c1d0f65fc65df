import Foundation
import Testing

@Suite("Health")
struct HealthTests {
    @Test("says that the registry's storage is not there, but that is no reason to start again")
    func storage() async throws {
        try await WeirProcess.run { server, api in
            let check = "registry-storage"
            #expect(try await api.get("/healthz/\(check)").text == "ok")
            #expect(try await api.get("/readyz?verbose").text.contains("[+]\(check) ok\n"))
            let blobs = server.directory + "/registry"
            try FileManager.default.moveItem(atPath: blobs, toPath: blobs + ".away")
            #expect(try await api.get("/healthz/\(check)").status == 500)
            let answer = try await api.get("/readyz")
            #expect(answer.status == 500 && answer.text.contains("[-]\(check) failed"))
            #expect(try await api.get("/livez").text == "ok")
            try FileManager.default.moveItem(atPath: blobs + ".away", toPath: blobs)
            #expect(try await api.get("/readyz").text == "ok")
        }
    }
}
