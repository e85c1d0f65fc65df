import APIMachinery
import ImageAPI
import JSON

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Figures of JSON and of the generated types: operations per second of CPU time, one line each.
///
/// The stream has 18 tags with history, about 9 KB. `Peers/json` measures Go's encoding/json on the same bytes, which
/// it takes from the file named by `WEIR_BENCH_STREAM` if this run was told to write one.
public func benchmarkJSON() {
    let stream = sampleStream(tags: 18)
    let bytes = stream.jsonBytes()
    if let path = getenv("WEIR_BENCH_STREAM").map({ String(cString: $0) }) { write(bytes, to: path) }
    print("json: stream of \(bytes.count) bytes, \(stream.spec.tags.count) tags")

    measure("json: decode into ImageStream") { (try? ImageStream.decode(bytes))?.spec.tags.count ?? 0 }
    measure("json: encode ImageStream") { stream.jsonBytes().count }
    measure("json: decode and encode ImageStream") { (try? ImageStream.decode(bytes))?.jsonBytes().count ?? 0 }
    measure("json: parse into a tree") { (try? JSONValue.parse(bytes))?.objectValue?.count ?? 0 }
    measure("json: parse into a tree and write it") { (try? JSONValue.parse(bytes))?.jsonBytes().count ?? 0 }
    measure("json: check the syntax only") {
        (try? JSONReader.withReader(bytes) { (reader) throws(JSONError) in try reader.skipValue() }) == nil ? 0 : 1
    }
    measure("json: indent") { JSONText.indented(bytes).count }

    // The two ways of declaring a type once (docs/decisions/0001): the history of a tag, 40 events.
    let history = NamedTagEventList(tag: "8", items: sampleEvents(40, of: "8"))
    let text = history.encodedBytes()
    if (try? TableHistory.decode(text))?.encodedBytes() != text { print("json: the candidates disagree") }
    measure("json: history of 40 events, generated code: decode and encode") {
        (try? NamedTagEventList.decode(text))?.encodedBytes().count ?? 0
    }
    measure("json: history of 40 events, field table with key paths: decode and encode") {
        (try? TableHistory.decode(text))?.encodedBytes().count ?? 0
    }
}

/// `WEIR_BENCH_FILTER`: only figures whose name holds this text.
private func measure(_ name: String, _ operation: () -> Int) {
    if let filter = getenv("WEIR_BENCH_FILTER"), strstr(name, filter) == nil { return }
    var sink = 0
    for _ in 0..<200 { sink &+= operation() }
    var best = 0.0
    for _ in 0..<5 {
        var operations = 0
        let start = processorSeconds()
        var elapsed = 0.0
        repeat {
            for _ in 0..<100 { sink &+= operation() }
            operations += 100
            elapsed = processorSeconds() - start
        } while elapsed < 0.2
        best = max(best, Double(operations) / elapsed)
    }
    print("\(name): \(Int(best))/s" + (sink == 0 ? " (failed)" : ""))
}

private func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

private func write(_ bytes: [UInt8], to path: String) {
    guard let file = fopen(path, "w") else { return }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

private func sampleEvents(_ count: Int, of tag: String) -> [TagEvent] {
    (0..<count).map { number in
        let digest = "sha256:" + String(repeating: "0123456789abcdef", count: 4)
        return TagEvent(
            created: Timestamp(secondsSince1970: 1_790_000_000 - Int64(number) * 86_400),
            dockerImageReference: "quay.io/example/php-\(tag)@\(digest)", image: digest,
            generation: Int64(count - number))
    }
}

private func sampleStream(tags: Int) -> ImageStream {
    var stream = ImageStream()
    stream.metadata = ObjectMeta(
        name: "php", namespace: "demo", uid: "6f1c0c5a-1111-4222-8333-444455556666", resourceVersion: "4711",
        generation: 24, creationTimestamp: Timestamp(secondsSince1970: 1_780_000_000),
        labels: ["app": "php", "team": "web"],
        annotations: ["openshift.io/display-name": "PHP", "openshift.io/image.dockerRepositoryCheck": "2026-01-02"])
    stream.status.dockerImageRepository = "image-registry.openshift-image-registry.svc:5000/demo/php"
    for number in 0..<tags {
        let tag = "8.\(number)"
        stream.spec.tags.append(
            TagReference(
                name: tag,
                annotations: number % 4 == 0 ? ["description": "PHP <8.\(number)>", "tags": "builder,php"] : [:],
                from: ObjectReference(kind: "DockerImage", name: "quay.io/example/php:\(tag)"),
                generation: Int64(number + 1), importPolicy: TagImportPolicy(importMode: "Legacy"),
                referencePolicy: TagReferencePolicy(type: "Source")))
        stream.status.tags.append(NamedTagEventList(tag: tag, items: sampleEvents(1, of: tag)))
    }
    return stream
}
