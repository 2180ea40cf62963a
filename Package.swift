// swift-tools-version: 6.2
import PackageDescription

/// Settings of every Swift target: the strict subset of the language that Apus is written in.
let language: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// Settings of what is shipped: each use of pointers says `unsafe`.
let strict = language + [.strictMemorySafety()]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: language)
}

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let arguments = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

/// Part of the server, which stands behind the trait `Server`: its packages take minutes to compile.
func serverProduct(_ name: String, _ package: String) -> Target.Dependency {
  .product(name: name, package: package, condition: .when(traits: ["Server"]))
}

func serverTarget(_ name: String) -> Target.Dependency {
  .target(name: name, condition: .when(traits: ["Server"]))
}

let nio: [Target.Dependency] = [
  serverProduct("NIOCore", "swift-nio"), serverProduct("NIOPosix", "swift-nio"),
  serverProduct("NIOHTTP1", "swift-nio"), serverProduct("NIOSSL", "swift-nio-ssl"),
]
let logging = serverProduct("Logging", "swift-log")
let metrics = serverProduct("CoreMetrics", "swift-metrics")
let tracing = serverProduct("Tracing", "swift-distributed-tracing")

/// Of tests only, whose clients these are.
let grpc: [Target.Dependency] = [
  serverProduct("NIOHTTP2", "swift-nio-http2"), serverProduct("NIOHPACK", "swift-nio-http2"),
  serverProduct("GRPCCore", "grpc-swift-2"),
  serverProduct("GRPCNIOTransportHTTP2", "grpc-swift-nio-transport"),
  serverProduct("GRPCProtobuf", "grpc-swift-protobuf"),
]

/// The commit that a release build is made from, named in its environment: `apus --version` shows it.
/// Elsewhere the program finds out by itself.
let commit = String((Context.environment["APUS_COMMIT"] ?? "").filter(\.isHexDigit).prefix(64))

let package = Package(
  name: "apus",
  products: [
    .library(name: "Apus", targets: ["Apus"]),
    .executable(name: "apus", targets: ["ApusCommand"]),
    .executable(name: "apus-conformance", targets: ["ApusConformance"]),
  ],
  traits: [
    .trait(
      name: "Server", description: "apus serve: HTTP, gRPC and metrics (minutes more to build)")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
  ],
  targets: [
    .target(
      name: "CApusPlatform", cSettings: [.define("APUS_COMMIT", to: "\"\(commit)\"")]),
    .target(name: "CApusCPU"),
    .target(name: "CApusPlugin"),
    .target(name: "CApusDemo", exclude: ["data"]),
    library("ApusTensor", ["CApusPlatform"]),
    library("ApusLoops", ["ApusTensor"]),
    library("ApusIR", ["ApusTensor", "ApusLoops", "CApusPlatform"]),
    .target(name: "ApusONNXSchema", dependencies: [protobuf]),
    library("ApusONNX", ["ApusIR", "ApusTensor", "ApusLoops", "ApusONNXSchema", protobuf]),
    library("ApusOptimizer", ["ApusIR", "ApusTensor", "ApusLoops"]),
    library("ApusEngine", ["ApusIR", "ApusTensor", "ApusLoops", "CApusPlatform"]),
    library(
      "ApusCPU",
      ["ApusEngine", "ApusIR", "ApusTensor", "ApusLoops", "CApusCPU", "CApusPlatform"]),
    library(
      "ApusRuntime", ["ApusEngine", "ApusIR", "ApusTensor", "ApusLoops", "CApusPlatform"]),
    library(
      "ApusBuilder",
      [
        "ApusEngine", "ApusOptimizer", "ApusRuntime", "ApusIR", "ApusTensor", "ApusLoops",
        "CApusPlatform",
      ]),
    library(
      "Apus",
      [
        "ApusONNX", "ApusOptimizer", "ApusBuilder", "ApusRuntime", "ApusCPU", "ApusEngine",
        "ApusIR", "ApusTensor", "CApusPlugin",
      ]),
    .target(name: "ApusServingSchema", dependencies: [protobuf]),
    library("ApusModelConfig", ["ApusServingSchema", "ApusTensor", protobuf]),
    library(
      "ApusServing", ["ApusModelConfig", "ApusServingSchema", "ApusTensor", "CApusPlatform"]),
    .target(name: "CApusConsole", exclude: ["page"]),
    .target(name: "CApusZlib", linkerSettings: [.linkedLibrary("z", .when(traits: ["Server"]))]),
    library("ApusTransport", ["ApusTensor", "CApusZlib", metrics] + nio),
    library(
      "ApusHTTP",
      [
        "ApusTransport", "ApusServing", "ApusModelConfig", "ApusServingSchema", "ApusTensor",
        "CApusPlatform", "CApusConsole", protobuf,
        serverProduct("ServiceLifecycle", "swift-service-lifecycle"),
      ] + nio),
    library(
      "ApusGRPC",
      [
        "ApusTransport", "ApusServing", "ApusModelConfig", "ApusServingSchema", "ApusTensor",
        "CApusPlatform", protobuf,
      ] + nio + [serverProduct("NIOHPACK", "swift-nio-http2")]),
    .executableTarget(
      name: "ApusCommand",
      dependencies: [
        "Apus", "ApusONNX", "ApusOptimizer", "ApusBuilder", "ApusRuntime", "ApusCPU", "ApusEngine",
        "ApusIR", "ApusTensor", "CApusPlatform", "CApusDemo", arguments,
        serverTarget("ApusServing"), serverTarget("ApusModelConfig"), serverTarget("ApusHTTP"),
        serverTarget("ApusGRPC"), serverTarget("ApusServingSchema"), serverTarget("ApusTransport"),
      ] + nio + [
        logging, metrics, tracing, serverProduct("ServiceLifecycle", "swift-service-lifecycle"),
        serverProduct("UnixSignals", "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "ApusConformance",
      dependencies: [
        "Apus", "ApusBuilder", "ApusEngine", "ApusRuntime", "ApusIR", "ApusTensor", "ApusONNX",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "ApusDecoding", dependencies: ["Apus"], path: "Benchmarks/decode",
      swiftSettings: strict),
    .target(name: "ApusTestSupport", path: "Tests/Support", swiftSettings: language),
    tests("ApusTensorTests", ["ApusTensor", "ApusTestSupport"]),
    tests("ApusLoopsTests", ["ApusLoops", "ApusTensor"]),
    tests(
      "ApusCommandTests",
      [
        "ApusCommand", "Apus", "ApusEngine", "ApusONNX", "ApusRuntime", "ApusTensor",
        "ApusTestSupport", metrics, tracing,
      ]),
    tests(
      "ApusTests",
      [
        "Apus", "ApusBuilder", "ApusCPU", "ApusEngine", "ApusRuntime", "ApusIR", "ApusLoops",
        "ApusTensor", "ApusTestSupport", "CApusDemo", "CApusPlatform",
      ]),
    tests(
      "ApusCPUTests",
      [
        "Apus", "ApusBuilder", "ApusCPU", "ApusEngine", "ApusRuntime", "ApusIR", "ApusLoops",
        "ApusTensor",
      ]),
    tests("ApusOptimizerTests", ["ApusOptimizer", "ApusIR", "ApusLoops", "ApusTensor"]),
    tests("ApusIRTests", ["ApusIR", "ApusTensor", "ApusLoops"]),
    tests(
      "ApusONNXTests",
      [
        "ApusONNX", "ApusIR", "ApusTensor", "ApusLoops", "ApusONNXSchema", "ApusTestSupport",
        protobuf,
      ]),
    tests(
      "ApusModelConfigTests", ["ApusModelConfig", "ApusServingSchema", "ApusTensor", protobuf]),
    tests(
      "ApusServingTests",
      ["ApusServing", "ApusModelConfig", "ApusServingSchema", "ApusTensor", "ApusTestSupport"]),
    tests(
      "ApusHTTPTests",
      [
        "ApusHTTP", "ApusTransport", "ApusServing", "ApusModelConfig", "ApusServingSchema",
        "ApusTensor", "ApusTestSupport", protobuf, logging,
        serverProduct("ServiceLifecycle", "swift-service-lifecycle"),
      ] + nio),
    tests(
      "ApusGRPCTests",
      [
        "ApusGRPC", "ApusTransport", "ApusServing", "ApusModelConfig", "ApusServingSchema",
        "ApusTensor", "ApusTestSupport", protobuf,
      ] + nio + grpc),
    .testTarget(
      name: "FuzzTests",
      dependencies: [
        "Apus", "ApusCommand", "ApusONNX", "ApusRuntime", "ApusEngine", "ApusIR", "ApusLoops",
        "ApusTensor", "CApusPlatform",
      ],
      path: "Fuzz", exclude: ["corpus", "README.md", "make_corpus.py", "run.sh"],
      sources: ["Targets", "Replay", "FuzzTarget.swift", "EngineRepair.swift"],
      swiftSettings: language),
  ]
)
