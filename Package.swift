// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "weir",
    products: [
        .executable(name: "weir", targets: ["weir"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: [.defaults, "YAML"]),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // Pure: values and rules, no I/O.
        .target(name: "JSON"),
        .target(name: "OCI", dependencies: ["JSON", .product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "APIMachinery", dependencies: ["JSON", "Yams"]),
        .target(name: "ImageAPI", dependencies: ["APIMachinery", "OCI"]),

        // State.
        .target(
            name: "Store", dependencies: [.product(name: "DequeModule", package: "swift-collections")]),
        .target(
            name: "StoreSQLite",
            dependencies: [
                "Store",
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]),

        .systemLibrary(name: "CDisk"),
        .target(
            name: "Blobs",
            dependencies: ["CDisk", "OCI", .product(name: "NIOPosix", package: "swift-nio")]),

        // The API and its resources.
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CCrypt", pkgConfig: "libxcrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "APIServer",
            dependencies: [
                "APIMachinery", "CZlib", "OCI", "Store",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Identity",
            dependencies: [
                "APIServer", "CCrypt",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "X509", package: "swift-certificates"),
            ]),
        .target(
            name: "ImageStreams",
            dependencies: [
                "APIServer", "ImageAPI", "OCI",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),

        // Other registries, and what is made of them.
        .target(
            name: "RegistryClient",
            dependencies: [
                "OCI",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .target(
            name: "Bundles",
            dependencies: [
                "APIMachinery", "CArchive", "JSON", "OCI",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .target(name: "ImportClient", dependencies: ["APIMachinery", "Bundles", "JSON", "OCI"]),
        .target(name: "Importing", dependencies: ["APIMachinery", "RegistryClient", "OCI"]),
        .target(
            name: "Controllers",
            dependencies: [
                "APIServer", "ImageStreams", "Importing", "RegistryClient", "Store",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HeapModule", package: "swift-collections"),
            ]),

        .target(
            name: "Registry",
            dependencies: [
                "APIServer", "Blobs", "ImageStreams", "Importing",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),

        .target(
            name: "HTTPServer",
            dependencies: [
                "APIServer", "CDisk",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),

        // The program.
        .target(
            name: "Server",
            dependencies: [
                "APIServer", "Blobs", "CMalloc", "Controllers", "HTTPServer", "Identity", "ImageStreams", "Registry",
                "StoreSQLite",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .executableTarget(
            name: "weir",
            dependencies: [
                "Blobs", "Bundles", "ImportClient", "JSON", "Registry", "Server",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // Tools of the repository.
        .executableTarget(name: "weir-schema", dependencies: ["Yams"]),
        .executableTarget(
            name: "weir-bench", dependencies: ["Identity", "ImageAPI", "JSON", "StoreSQLite"],
            path: "Benchmarks/Sources/weir-bench"),

        // Tests.
        .target(
            name: "RegistryTesting",
            dependencies: [
                "RegistryClient",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], path: "Tests/RegistryTesting"),
        .target(name: "StoreTesting", dependencies: ["Store"]),
        .target(name: "BlobsTesting", dependencies: ["Blobs"]),
        .executableTarget(
            name: "weir-blob-crasher", dependencies: ["Blobs", "BlobsTesting"], path: "Tests/BlobCrasher"),
        .executableTarget(
            name: "weir-store-crasher", dependencies: ["StoreSQLite", "StoreTesting"], path: "Tests/StoreCrasher"),
        .testTarget(name: "JSONTests", dependencies: ["JSON"]),
        .testTarget(name: "OCITests", dependencies: ["OCI"]),
        .testTarget(name: "APIMachineryTests", dependencies: ["APIMachinery", "Identity", "ImageAPI"]),
        .testTarget(name: "APIServerTests", dependencies: ["APIServer", "CZlib", "ImageAPI", "StoreSQLite"]),
        .testTarget(
            name: "HTTPServerTests",
            dependencies: [
                "HTTPServer", "RegistryClient", "RegistryTesting",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .testTarget(
            name: "IdentityTests",
            dependencies: [
                "Identity", "ImageStreams", "StoreSQLite", "StoreTesting",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
            ]),
        .testTarget(name: "ImageAPITests", dependencies: ["ImageAPI"]),
        .testTarget(
            name: "StoreTests", dependencies: ["Identity", "StoreSQLite", "StoreTesting", "weir-store-crasher"]),
        .testTarget(name: "BundlesTests", dependencies: ["Bundles", "CArchive"]),
        .testTarget(name: "ImportClientTests", dependencies: ["ImportClient"]),
        .testTarget(name: "BlobsTests", dependencies: ["Blobs", "BlobsTesting", "weir-blob-crasher"]),
        .testTarget(
            name: "RegistryTests",
            dependencies: [
                "Importing", "Registry", "RegistryClient", "RegistryTesting", "StoreSQLite",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "RegistryClientTests",
            dependencies: [
                "RegistryClient", "RegistryTesting",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ]),
        .testTarget(name: "ImportingTests", dependencies: ["Importing", "RegistryTesting"]),
        .testTarget(
            name: "ControllersTests", dependencies: ["Controllers", "RegistryTesting", "StoreSQLite"]),
        .testTarget(name: "CollectionTests", dependencies: ["Registry", "StoreSQLite", "StoreTesting"]),
        .testTarget(name: "ImageStreamsTests", dependencies: ["ImageStreams", "StoreSQLite", "StoreTesting"]),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "JSON", "RegistryTesting", "weir",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ], exclude: ["Python"]),
    ],
    swiftLanguageModes: [.v6]
)

// Warnings of our own modules are errors in CI, and only there: a half-written line must still build.
if Context.environment["CI"] == "true" {
    for target in package.targets where target.type != .system {
        target.swiftSettings = (target.swiftSettings ?? []) + [.treatAllWarnings(as: .error)]
    }
}
