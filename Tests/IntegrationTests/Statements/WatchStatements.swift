import JSON
import Testing

extension Statements {
    @Suite("12.5 Watch", .serialized)
    struct Watches {
        /// The parameters of a watch that begins with the state, and says where that ends.
        private static let watchList =
            "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"

        @Test("112. A watch opens before there is anything to show, then shows whole objects")
        func live() async throws {
            let project = try await Project.make()
            let watch = try await project.watch("resourceVersion=\(try await project.version())")
            #expect(watch.events.isEmpty)
            let created = try await project.create("a")
            let event = try #require(try await watch.first(1).first)
            #expect(event.description == "ADDED a")
            #expect(event.object == created)
            #expect(event.object["kind"] == "ImageStream")
            #expect(event.object["apiVersion"] == "image.openshift.io/v1")
        }

        @Test("113. Without a version a watch begins with what is there")
        func state() async throws {
            let project = try await Project.make()
            try await project.create("a")
            try await project.create("b")
            #expect(try await project.events().map(\.description) == ["ADDED a", "ADDED b"])
        }

        @Test("114. What leaves a selection is shown as deleted, as it was")
        func leaves() async throws {
            let project = try await Project.make()
            let old = try await project.create("a", #""labels":{"x":"1"}"#)
            let new = try await project.change("a", #"{"metadata":{"labels":{"x":"2"}}}"#)
            let events = try await project.events("resourceVersion=\(old.version)&labelSelector=x=1")
            #expect(events.map(\.description) == ["DELETED a"])
            #expect(events.first?.object.at("metadata.labels") == ["x": "1"])
            #expect(events.first?.version == new.version)
        }

        @Test("115. What enters a selection is shown as added")
        func enters() async throws {
            let project = try await Project.make()
            let old = try await project.create("a", #""labels":{"x":"1"}"#)
            try await project.change("a", #"{"metadata":{"labels":{"x":"2"}}}"#)
            let events = try await project.events("resourceVersion=\(old.version)&labelSelector=x=2")
            #expect(events.map(\.description) == ["ADDED a"])
        }

        @Test("116. What is deleted is shown whole, at the version of its end")
        func deleted() async throws {
            let project = try await Project.make()
            let last = try await project.create("a", #""labels":{"x":"1"}"#)
            try await project.delete("/a").expect(200)
            let event = try #require(try await project.events("resourceVersion=\(last.version)").first)
            #expect(event.description == "DELETED a")
            #expect(event.version > last.version)
            var object = event.object
            object["metadata"]?["resourceVersion"] = last.at("metadata.resourceVersion")
            #expect(object == last)
        }

        @Test("118. A watch ends cleanly when its time is over")
        func timeout() async throws {
            let project = try await Project.make()
            try await project.create("a")
            let watch = try await project.watch("timeoutSeconds=2")
            try await watch.end()
            #expect(watch.events.map(\.description) == ["ADDED a"])
        }

        @Test("120. A watch says where the initial state ends, once")
        func initialEvents() async throws {
            let project = try await Project.make()
            try await project.create("a")
            let watch = try await project.watch(Self.watchList)
            _ = try await watch.first(2)
            try await project.create("b")
            let events = try await watch.first(3)
            #expect(events.map(\.type) == ["ADDED", "BOOKMARK", "ADDED"])
            let marker = events[1].object
            #expect(marker.at("metadata.annotations") == ["k8s.io/initial-events-end": "true"])
            #expect(marker.version >= events[0].version && marker.version < events[2].version)
        }

        @Test("121. Initial events need a way to match")
        func initialEventsAlone() async throws {
            try await Project.make().get("?watch=1&sendInitialEvents=true").expectInvalid(
                "resourceVersionMatch", "FieldValueForbidden",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        }

        @Test("122. A way to match needs initial events")
        func matchAlone() async throws {
            try await Project.make().get("?watch=1&resourceVersionMatch=NotOlderThan").expectInvalid(
                "resourceVersionMatch", "FieldValueForbidden",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
        }

        @Test("123. A watch without initial events begins now")
        func noInitialEvents() async throws {
            let project = try await Project.make()
            try await project.create("a")
            let watch = try await project.watch("sendInitialEvents=false&resourceVersionMatch=NotOlderThan")
            try await project.create("b")
            #expect(try await watch.first(1).map(\.description) == ["ADDED b"])
        }

        @Test("124. A watch as Tables shows the columns once")
        func tables() async throws {
            let project = try await Project.make()
            try await project.create("a")
            try await project.create("b")
            let events = try await project.events(accept: "application/json;as=Table;g=meta.k8s.io;v=v1")
            #expect(events.map { $0.object["kind"] } == ["Table", "Table"])
            #expect(events.map { $0.object["rows"]?.arrayValue?.count } == [1, 1])
            #expect(events[0].object["columnDefinitions"]?.arrayValue?.count == 4)
            #expect(events[1].object["columnDefinitions"]?.arrayValue == nil)
        }

        @Test("125. A watch can show metadata alone")
        func partial() async throws {
            let project = try await Project.make()
            try await project.create("a")
            let events = try await project.events(
                accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
            #expect(events.map(\.description) == ["ADDED a"])
            #expect(events.first?.object["kind"] == "PartialObjectMetadata")
            #expect(events.first?.object["spec"] == nil)
        }

        @Test("126. A protobuf watch is frames with their length, and whole objects within")
        func protobuf() async throws {
            let project = try await Project.make()
            try await project.create("a")
            try await project.create("b")
            let answer = try await project.get(
                "?watch=1&timeoutSeconds=1", accept: "application/vnd.kubernetes.protobuf")
            #expect(answer.header("Content-Type") == "application/vnd.kubernetes.protobuf;stream=watch")
            var rest = answer.body[...]
            var names: [String?] = []
            while !rest.isEmpty {
                let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
                let event = try WireMessage(Array(rest.dropFirst(4).prefix(length)))
                rest = rest.dropFirst(4 + length)
                #expect(event.text(1) == "ADDED")
                let (_, kind, object) = try WireMessage.enveloped(try event.message(2).bytes(1) ?? [])
                #expect(kind == "ImageStream")
                names.append(try object.message(1).text(1))
            }
            #expect(names == ["a", "b"])
        }

        @Test("128. Every watcher sees versions rise, and the last state of each object")
        func manyUpdates() async throws {
            let project = try await Project.make()
            var version: Int64 = 0
            for index in 0..<10 { version = try await project.create("s\(index)").version }
            var watches: [Watch] = []
            for _ in 0..<4 { watches.append(try await project.watch("resourceVersion=\(version)")) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<10 {
                    group.addTask {
                        for round in 1...100 {
                            try await project.change("s\(index)", #"{"metadata":{"labels":{"n":"\#(round)"}}}"#)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let list = try await project.get().json()
            for watch in watches {
                let events = try await watch.first(1_000)
                #expect(events.map(\.type) == Array(repeating: "MODIFIED", count: 1_000))
                #expect(zip(events, events.dropFirst()).allSatisfy { $0.version < $1.version })
                for item in list["items"]?.arrayValue ?? [] {
                    let last = events.last { $0.name == item.text(at: "metadata.name") }
                    #expect(last?.object["metadata"] == item["metadata"])
                }
            }
        }

        @Test("129. A watcher that does not read does not hold up another")
        func stalledWatcher() async throws {
            let project = try await Project.make()
            let version = try await project.create("a").version
            let stalled = try await RawConnection(project.server)
            try await stalled.send(project.rawRequest("GET", "?watch=1&resourceVersion=\(version)", "", []))
            #expect(try await stalled.statusLine() == "HTTP/1.1 200 OK")
            try await stalled.stopReading()
            let watch = try await project.watch("resourceVersion=\(version)")
            // More than the buffers of a connection hold.
            let filler = String(repeating: "x", count: 200_000)
            for round in 1...20 {
                try await project.change("a", #"{"metadata":{"annotations":{"n":"\#(round)","x":"\#(filler)"}}}"#)
                // The next write waits for the watcher that reads: it must see every one though the other reads nothing.
                #expect(try await watch.first(round).last?.object.text(at: "metadata.annotations.n") == "\(round)")
            }
            await stalled.drop()
        }

        @Test("130. A watch of one name shows that object alone")
        func oneName() async throws {
            let project = try await Project.make()
            try await project.create("a")
            let watch = try await project.watch("fieldSelector=metadata.name=b")
            try await project.create("b")
            try await project.change("a", #"{"metadata":{"labels":{"x":"1"}}}"#)
            try await project.delete("/b").expect(200)
            #expect(try await watch.first(2).map(\.description) == ["ADDED b", "DELETED b"])
        }
    }
}
