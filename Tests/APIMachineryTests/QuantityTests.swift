import JSON
import Testing

@testable import APIMachinery

@Suite("Quantities")
struct QuantityTests {
    @Test(
        "are written in their canonical form",
        arguments: [
            ("0", "0"), ("-0", "0"), ("0Ki", "0"), ("0e7", "0"), ("000", "0"), ("2", "2"), ("+2", "2"), ("02", "2"),
            ("-2", "-2"), ("2.0", "2"), (".5", "500m"), ("5.", "5"), ("0.5", "500m"), ("1.5", "1500m"),
            ("1000m", "1"), ("1500m", "1500m"), ("100", "100"), ("1000", "1k"), ("1500", "1500"),
            ("1000000", "1M"), ("12k", "12k"), ("1000k", "1M"), ("1.5k", "1500"), ("10E", "10E"), ("1000E", "1e21"),
            ("1000n", "1u"), ("1u", "1u"), ("0.1n", "1n"), ("-0.1n", "-1n"), ("1.0000000001", "1000000001n"),
            ("1Ki", "1Ki"), ("1024Ki", "1Mi"), ("1Gi", "1Gi"), ("1024Mi", "1Gi"), ("2048Gi", "2Ti"),
            ("0.5Gi", "512Mi"), ("1.5Gi", "1536Mi"), ("0.5Mi", "512Ki"), ("1025Ki", "1025Ki"), ("0.5Ki", "512"),
            ("0.3Ki", "307200m"), ("1.1Ki", "1126400m"), ("1Ei", "1Ei"), ("100Ei", "9223372036854775807"),
            ("-1Gi", "-1Gi"), ("1e3", "1e3"), ("1E3", "1e3"), ("1e4", "10e3"), ("1e0", "1"), ("5e-1", "500e-3"),
            ("1e-20", "1e-9"), ("1e+3", "1e3"), ("1.5e3", "1500"), ("1e18", "1e18"), ("1E", "1E"), ("m", "0"),
            ("1e4294967296", "1"),
        ])
    func canonical(_ text: String, _ canonical: String) throws {
        let quantity = try Quantity(parsing: text)
        #expect(quantity.description == canonical)
        #expect(try Quantity(parsing: canonical).isSameAmount(as: quantity))
        #expect(try Quantity(parsing: canonical).description == canonical)
    }

    @Test(
        "are refused with the texts of Kubernetes",
        arguments: [
            ("", QuantityError.format), ("abc", .format), ("1 ", .format), (" 1", .format), ("1.2.3", .format),
            ("1a", .format), ("0x10", .format), ("1e3.5", .format), ("1,5", .format),
            ("1Kib", .format), ("é", .format), ("1K", .suffix), ("1ki", .suffix), ("1Mk", .suffix), ("1mm", .suffix),
            ("1e", .suffix), ("1e+", .suffix), ("1e99999999999999999999", .suffix), ("1+5", .suffix), ("--1", .suffix),
        ])
    func refused(_ text: String, _ error: QuantityError) {
        #expect(throws: error) { try Quantity(parsing: text) }
    }

    @Test(
        "know more from less whatever their units",
        arguments: [
            ("1", "2"), ("-1", "0"), ("999m", "1"), ("1k", "1Ki"), ("1G", "1Gi"), ("1e3", "1001"), ("1n", "2n"),
            ("1Ei", "2E"), ("9223372036854775807", "10E"), ("-10E", "-1Ei"),
        ])
    func order(_ less: String, _ more: String) throws {
        let (less, more) = (try Quantity(parsing: less), try Quantity(parsing: more))
        #expect(more.exceeds(less) && !less.exceeds(more) && !less.exceeds(less))
    }

    @Test(
        "of any size and length neither trap nor take for ever",
        arguments: [
            "1e2147483647", "1e-2147483648", "-1e9999", "999999999999E", "1e28", "1e29",
            String(repeating: "9", count: 100_000), "0." + String(repeating: "0", count: 100_000) + "1",
            String(repeating: "9", count: 100_000) + "Ei", "1." + String(repeating: "3", count: 100_000) + "Ei",
            String(repeating: "0", count: 100_000),
        ])
    func hostile(_ text: String) throws {
        let quantity = try Quantity(parsing: text)
        let sum = quantity + quantity
        #expect(!quantity.exceeds(sum) || quantity.isNegative)
        #expect(try Quantity(parsing: sum.description).isSameAmount(as: sum))
        _ = sum.roundedToThousandths
    }

    @Test("a fraction in powers of two is rounded up from all of its digits")
    func binaryFractions() throws {
        // A third of a kibibyte: 341.333…
        let third = try Quantity(parsing: "0." + String(repeating: "3", count: 300) + "Ki")
        #expect(third.description == "341333333334n")
    }

    @Test("add up in the units of the first that has any")
    func sums() throws {
        func sum(_ left: String, _ right: String) throws -> String {
            (try Quantity(parsing: left) + Quantity(parsing: right)).description
        }
        #expect(try sum("1", "1") == "2")
        #expect(try sum("1Gi", "1024Mi") == "2Gi")
        #expect(try sum("0", "1Gi") == "1Gi")
        #expect(try sum("500m", "1") == "1500m")
        #expect(try sum("1", "-1") == "0")
    }

    @Test(
        "round away from zero to a thousandth", arguments: [("1n", "1m"), ("-1n", "-1m"), ("1500u", "2m"), ("3", "3")])
    func rounding(_ text: String, _ rounded: String) throws {
        #expect(try Quantity(parsing: text).roundedToThousandths.description == rounded)
    }

    @Test(
        "are strings or numbers in JSON, and strings when written",
        arguments: [
            (#""1Gi""#, "1Gi"), ("2", "2"), ("1.5", "1500m"), ("1e3", "1e3"), (#"" 3 ""#, "3"), ("-7", "-7"),
        ])
    func json(_ text: String, _ canonical: String) throws {
        #expect(APIMachineryTests.text(try Quantity.decode(Array(text.utf8)).encodedBytes()) == "\"\(canonical)\"")
    }

    @Test("are nothing else in JSON", arguments: ["true", "{}", "[1]", #""""#, #""x""#])
    func noQuantity(_ text: String) {
        #expect(throws: JSONError.self) { try Quantity.decode(Array(text.utf8)) }
        do { _ = try Quantity.decode(Array(text.utf8)) } catch {
            #expect(error.message == QuantityError.format.text)
        }
    }

    @Test("travel as their text in protobuf")
    func protobuf() throws {
        let schema = schema("Amounts", [field("one", .quantity, 1), field("all", .map(.quantity), 2)])
        let message = try schema.protobuf(ofJSON: Array(#"{"one":"1024Mi","all":{"a":2,"b":null}}"#.utf8))
        #expect(
            hex(message)
                == hex(
                    bytes(hex: "0a05 0a03 314769 1208 0a0161 1203 0a0132 1208 0a0162 1203 0a0130")))
        #expect(
            text(try schema.json(ofProtobuf: message)) == #"{"one":"1Gi","all":{"a":"2","b":"0"}}"#)
        let odd = bytes(hex: "0a03 0a01 78")
        #expect(throws: ProtobufError.invalidValue(field: "one", QuantityError.format.text)) {
            try schema.json(ofProtobuf: odd)
        }
    }
}
